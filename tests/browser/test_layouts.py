"""Folders in the layouts that other tools write, in the page: from a server, a hub and a disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from intab.engine.text.tokenizer import Tokenizer
from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.engine.conftest import byte_tokenizer_json
from tests.support.fake_hub import TOKEN, serving_hub
from tests.support.graphs import Form, reference, write_model
from tests.support.layouts import LAYOUTS

# Prints the ids that each of some models writes first, or why it cannot be loaded.
GENERATE = """
import intab
for spec, more in {!r}:
    try:
        model = await intab.load(spec, **more)
        answer = await model.generate("Hello", max_new_tokens=5, do_sample=False)
        print(model.dtype, *answer.ids)
        await model.close()
    except intab.errors.LoadError as exc:
        print(type(exc).__name__, exc)
"""
# Copies files that are served into the private file system; the picker then gives that folder.
KEEP = """
async ([address, folder, names]) => {
  const root = await navigator.storage.getDirectory();
  const model = await root.getDirectoryHandle(folder, { create: true });
  for (const path of names) {
    const parts = path.split("/");
    const from = parts.map(encodeURIComponent).join("/");
    const name = parts.pop();
    let place = model;
    for (const part of parts) place = await place.getDirectoryHandle(part, { create: true });
    const stream = await (await place.getFileHandle(name, { create: true })).createWritable();
    await stream.write(await (await fetch(`${address}/${from}`)).blob());
    await stream.close();
  }
  window.showDirectoryPicker = async () => model;
  return (await import("/intab/disk.mjs")).pickFolder();
}
"""
IDS = reference(Tokenizer(byte_tokenizer_json()).encode("Hello"), 5)


def right(dtype: str) -> str:
    return " ".join([dtype, *map(str, IDS)])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str, str]]:
    """Of each layout a folder, the subfolder to ask for, and the dtype."""
    made = {}
    for number, (name, (write, dtype)) in enumerate(LAYOUTS.items()):
        folder = tmp_path_factory.mktemp("layouts") / f"layout{number}"
        made[name] = (folder, write(folder), dtype)
    return made


@pytest.fixture(scope="module")
def opened(
    stocked: Path, returning: Returning, served: str, folders: dict[str, tuple[Path, str, str]]
) -> Iterator[Visitor]:
    """The page of a site with all these folders."""
    for folder, _, _ in folders.values():
        copy_site(folder, stocked / folder.name)
    bad = write_model(stocked / "bad", Form())
    (bad / "tokenizer.json").write_text("version https://git-lfs.github.com/spec/v1\n")
    yield from visits(returning, served)


def test_from_a_server(opened: Visitor, folders: dict[str, tuple[Path, str, str]]) -> None:
    specs = [(f"./{path.name}", {"subfolder": inside}) for path, inside, _ in folders.values()]
    lines = opened.run(GENERATE.format(specs)).splitlines()
    assert dict(zip(folders, lines, strict=True)) == {
        name: right(dtype) for name, (_, _, dtype) in folders.items()
    }


def test_from_a_disk(opened: Visitor, folders: dict[str, tuple[Path, str, str]]) -> None:
    specs = []
    for path, inside, _ in folders.values():
        files = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
        kept = f"100% {path.name} #1"
        assert opened.page.evaluate(KEEP, [f"/{path.name}", kept, files]) == {"name": kept}
        specs.append((f"disk:{kept}", {"subfolder": inside}))
    lines = opened.run(GENERATE.format(specs)).splitlines()
    assert dict(zip(folders, lines, strict=True)) == {
        name: right(dtype) for name, (_, _, dtype) in folders.items()
    }


def test_what_is_said_of_others(opened: Visitor) -> None:
    opened.page.evaluate(KEEP, ["/bad", "other", ["config.json", "tokenizer_config.json"]])
    specs = ["./bad", "smollm", "C:\\models\\x", "disk:other", "./none"]
    lines = opened.run(GENERATE.format([(spec, {}) for spec in specs])).splitlines()
    says = ["Git LFS pointer", "org/smollm", "may not read", "export the model to ONNX", "no model"]
    assert [word in line for word, line in zip(says, lines, strict=True)] == [True] * 5, lines


def test_from_a_hub(site: Path, page: Page, folders: dict[str, tuple[Path, str, str]]) -> None:
    folder, _, dtype = folders["data elsewhere"]
    with serving_hub(folder) as hub:
        allowed = [text for origin in (hub.hub, hub.network) for text in ("--connect", origin)]
        with serve_command(site, *allowed) as address:
            visitor = Visitor(page).open(address)
            given = {"endpoint": hub.hub, "token": TOKEN}
            specs = ["org/name", f"{hub.hub}/org/name/blob/main/onnx/model.onnx"]
            lines = visitor.run(GENERATE.format([(spec, given) for spec in specs])).splitlines()
    assert lines == [right(dtype)] * 2
