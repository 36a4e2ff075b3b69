"""`intab storage`, as a user types it, over a model that came from a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from intab.cli.main import main
from intab.engine.loading.loader import Loader
from intab.engine.storage.keys import parse_record_key
from intab.native.bodies import MemoryBody
from intab.native.folder import FolderStore, default_folder
from intab.native.runtime import NativeRuntime
from tests.conftest import run_to_end
from tests.support.graphs import Form, write_model
from tests.support.serving import serving


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A served model that was loaded once."""
    write_model(tmp_path / "site/mine", Form())
    with serving(tmp_path / "site") as site:
        address = f"{site.address}/mine"

        async def load() -> None:
            await (await Loader(NativeRuntime(), "models").load(address)).close()

        run_to_end(load())
        yield address


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The status, and what is printed for good or for ill."""
    status = main(["storage", *arguments])
    printed = capsys.readouterr()
    return status, printed.err if status and printed.err else printed.out


def test_a_model_goes_out_and_comes_back(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, listed = told(capsys, "list")
    assert status == 0
    assert listed.startswith(f"{address}  -  ")
    assert "  complete  20" in listed
    assert "1 models, " in listed
    assert "room for " in listed
    file = tmp_path / "mine.tar"
    assert told(capsys, "export", address, str(file)) == (0, f"{file}\n")
    assert told(capsys, "delete", address) == (0, "")
    assert told(capsys, "list")[1].startswith("0 models")
    status, imported = told(capsys, "import", str(file))
    assert imported.endswith("verified  not used yet\n")
    assert told(capsys, "verify", address)[0] == 0
    status, other = told(capsys, "import", str(file), "--model", "other")
    assert other.startswith("other  ")


def test_damage_is_told_by_the_status(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    [graph] = [p for p in default_folder().rglob("*") if p.is_file() and "model.onnx" in str(p)]
    graph.write_bytes(b"x" + graph.read_bytes()[1:])
    status, printed = told(capsys, "verify", address)
    assert (status, printed.endswith("damaged and deleted: onnx/model.onnx\n")) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["verify", "nothing"], "ModelNotFoundError: No model 'nothing' is stored; stored are: "),
        (
            ["export", "{address}", "/nowhere/at/all.tar"],
            "StorageError: /nowhere/at/all.tar",
        ),
        (["import", "/nowhere.tar"], "StorageError: /nowhere.tar cannot be used"),
        (["import", "{folder}/other.tar"], "ManifestError: This is not a tar archive"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], says: str, address: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "other.tar").write_text(json.dumps({"no": "tar"}))
    filled = [text.format(address=address, folder=tmp_path) for text in arguments]
    status, printed = told(capsys, *filled)
    assert status == 1
    assert printed.startswith(says)
    assert printed.count("\n") == 1


async def need(name: str) -> None:
    """Write into the model's record that it needs one more file."""
    store = FolderStore()
    [record] = [key for key in await store.keys() if parse_record_key(key)]
    body = await store.match(record)
    assert body is not None
    kept = json.loads(body.text())
    kept["files"].append(name)
    await store.put(record, MemoryBody(json.dumps(kept).encode()))


def test_an_export_that_fails_leaves_what_was_there(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_to_end(need("never.json"))
    file = tmp_path / "mine.tar"
    file.write_text("older")
    status, printed = told(capsys, "export", address, str(file))
    assert (status, "not stored whole (never.json lack" in printed) == (1, True)
    assert file.read_text() == "older"
    assert [path.name for path in tmp_path.glob("mine.tar*")] == ["mine.tar"]
