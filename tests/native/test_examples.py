"""The gallery's programs: each has its title, and runs in CPython as it stands."""

from __future__ import annotations

import ast
import re
from operator import attrgetter
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

import intab
from intab import platform
from tests.conftest import ROOT
from tests.native.test_pipelines import GOLDEN
from tests.support.fake_hub import serving_hub

stem = attrgetter("stem")
PROGRAMS = sorted((ROOT / "examples").glob("*.py"))
GALLERY = (ROOT / "examples" / "gallery.mjs").read_text("utf-8")
# Programs with models of the hub; the tiny one that stands for it here, and what is then printed.
FROM_HUB = {
    "search": ("Xenova/all-MiniLM-L6-v2", "bert-sentences", "6 of 6 lines were read just now"),
    "names": ("Xenova/bert-base-NER", "bert-ner", "'entity_group': 'LOC'"),
    "feeling": (
        "Xenova/distilbert-base-uncased-finetuned-sst-2-english",
        "bert-labels",
        "NEUTRAL",
    ),
}
ENTRY = re.compile(r'\{ id: "(\w+)", title: "([^"]+)", source: (\w+) \}')


def test_the_gallery_has_each_program_once_with_a_title_of_its_own() -> None:
    entries = ENTRY.findall(GALLERY)
    assert sorted(name for name, _, _ in entries) == [path.stem for path in PROGRAMS]
    assert len({title for _, title, _ in entries}) == len(entries)
    imported = re.findall(r'^import (\w+) from "\./(\w+)\.py";$', GALLERY, re.MULTILINE)
    assert sorted(imported) == sorted((source, name) for name, _, source in entries)


@pytest.mark.parametrize("path", PROGRAMS, ids=stem)
def test_a_program_says_what_it_shows_and_is_short(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[1] == "import intab"
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 90


def program(source: Path | str) -> CodeType:
    text = source.read_text("utf-8") if isinstance(source, Path) else source
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(text, "program", "exec", flags)
    return code


@pytest.mark.parametrize("path", [p for p in PROGRAMS if p.stem not in FROM_HUB], ids=stem)
async def test_a_program_runs_in_cpython(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = iter(["They went home", ""])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    names = {"__name__": "__main__", "MODEL": "default"}
    await FunctionType(program(path), names)()
    assert len(capsys.readouterr().out.split()) > 20


@pytest.mark.parametrize("name", FROM_HUB)
async def test_a_program_fetches_the_model_that_its_first_line_names(
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    model, folder, says = FROM_HUB[name]
    path = ROOT / "examples" / f"{name}.py"
    text = path.read_text("utf-8")
    assert f'"{model}"' in text
    assert re.search(r"Fetches .* from the hub once: \d+ MB", text.splitlines()[0])
    lines = iter(["an old house", ""])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    monkeypatch.setenv("INTAB_CACHE", str(tmp_path))
    with serving_hub(GOLDEN / "pipelines" / folder, private=False, name=model) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.hub)
        platform.loader.cache_clear()
        await FunctionType(program(path), {"__name__": "__main__"})()
    platform.loader.cache_clear()
    assert says in capsys.readouterr().out
    assert any(model in address for address in hub.asked)


def snippets(document: str) -> list[str]:
    text = (ROOT / "docs" / document).read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


async def test_the_programs_of_the_document_on_generation() -> None:
    answers, processor = snippets("generation.md")
    model = await intab.load("default")
    greedy = await model.generate(["One day", "The king"], max_new_tokens=5, do_sample=False)
    names: dict[str, Any] = {"__name__": "__main__", "model": model}
    await FunctionType(program(answers), names)()
    assert len(names["chats"]) == 2
    await FunctionType(program(processor), names)()
    assert [names[each].ids[:5] for each in ("one", "two")] == [each.ids for each in greedy]
