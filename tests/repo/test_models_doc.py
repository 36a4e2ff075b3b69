"""docs/models.md: its programs and commands run, in order, against a hub of our own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from intab import platform
from intab.cli.main import main
from intab.engine.worker.program import run_program
from tests.conftest import ROOT, run_to_end
from tests.support.fake_hub import TOKEN, serving_hub
from tests.support.graphs import Form, write_model

TEXT = (ROOT / "docs/models.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The hub of this test, in a folder of its own."""
    with serving_hub(write_model(tmp_path / "model", Form())) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.hub)
        monkeypatch.chdir(tmp_path)
        platform.loader.cache_clear()
        yield
    platform.loader.cache_clear()


async def test_the_programs(hub: None, tmp_path: Path) -> None:
    load, manage = snippets("python")
    printed: list[str] = []
    for program in (load, manage):
        assert await run_program(program, printed.append, printed.append) is None, printed
    first, verdict, imported = "".join(printed).splitlines()
    name, revision, stored, total, complete = first.split()
    assert (name, revision, complete) == ("org/name", "main", "True")
    assert stored == total
    assert verdict.endswith("bytes are right; nothing is damaged")
    assert imported.startswith("org/name: ")  # the program's last value
    assert (tmp_path / "name.tar").exists()


def test_the_commands(hub: None, capsys: pytest.CaptureFixture[str]) -> None:
    async def load() -> None:
        await (await platform.load("org/name", token=TOKEN)).close()

    run_to_end(load())
    for line in snippets("sh")[0].splitlines():
        assert main(shlex.split(line)[1:]) == 0, line
    assert capsys.readouterr().out.rstrip().endswith("verified  not used yet")


def test_what_a_page_imports_is_there() -> None:
    source = (ROOT / "app/page/disk.mjs").read_text(encoding="utf-8")
    exported = set(re.findall(r"^export (?:async )?function (\w+)", source, re.MULTILINE))
    [imports] = snippets("js")
    named = set(re.findall(r"\w+", imports.partition("{")[2].partition("}")[0]))
    assert named | {"pickTarget", "pickArchive"} == exported
