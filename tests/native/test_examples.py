"""The gallery's programs: each has its title, and runs in CPython as it stands."""

from __future__ import annotations

import ast
import json
import re
from operator import attrgetter
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import intab
from intab import platform
from tests.conftest import ROOT
from tests.native.test_background_removal import folder_of as cutter_in
from tests.native.test_pipelines import GOLDEN
from tests.support.fake_hub import serving_hub
from tests.support.graphs import Form, write_model

stem = attrgetter("stem")
PROGRAMS = sorted((ROOT / "examples").glob("*.py"))
GALLERY = (ROOT / "examples" / "gallery.mjs").read_text("utf-8")
# Programs with models of the hub; the small one that stands for it here, and what is then printed.
FROM_HUB = {
    "search": (
        "Xenova/all-MiniLM-L6-v2",
        "pipelines/bert-sentences",
        "6 of 6 lines were read just now",
    ),
    "names": ("Xenova/bert-base-NER", "pipelines/bert-ner", "'entity_group': 'LOC'"),
    "feeling": (
        "Xenova/distilbert-base-uncased-finetuned-sst-2-english",
        "pipelines/bert-labels",
        "NEUTRAL",
    ),
    "translate": ("Xenova/opus-mt-en-de", "seq2seq/marian", "\n"),
    "ask": ("Xenova/flan-t5-small", "seq2seq/t5", "Translate to German"),
    "calculator": ("onnx-community/Qwen3-0.6B-ONNX", "decoder", "A box holds 437 screws"),
    "form": ("HuggingFaceTB/SmolLM2-360M-Instruct", "decoder", "take_away"),
    "cutout": ("Xenova/modnet", "modnet", "this device"),
    "album": ("Xenova/clip-vit-base-patch32", "pictures/clip", "an old house: picture 1 "),
    "boxes": ("Xenova/yolos-tiny", "pictures/yolos", "things:"),
    "camera": ("Xenova/yolos-tiny", "pictures/yolos", " s:"),
    "speech": ("Xenova/whisper-tiny.en", "moonshine", "Speak"),
}
# Of a visitor, whom only a page has.
IN_A_PAGE = ("boxes", "camera", "cutout", "album", "digit", "speech")
ENTRY = re.compile(r'\{ id: "(\w+)", title: "([^"]+)", source: (\w+)(?:, sign: "([^"]+)")? \}')


def test_the_gallery_has_each_program_once_with_a_title_of_its_own() -> None:
    entries = ENTRY.findall(GALLERY)
    assert sorted(name for name, *_ in entries) == [path.stem for path in PROGRAMS]
    assert len({title for _, title, *_ in entries}) == len(entries)
    imported = re.findall(r'^import (\w+) from "\./(\w+)\.py";$', GALLERY, re.MULTILINE)
    assert sorted(imported) == sorted((source, name) for name, _, source, _ in entries)


def test_the_gallery_has_a_picture_of_each_program_that_needs_no_model_of_the_hub() -> None:
    entries = ENTRY.findall(GALLERY)
    assert {name for name, _, _, sign in entries if sign} == {*FROM_HUB}
    pictured = [name for name, _, _, sign in entries if not sign]
    folder = ROOT / "examples/pictures"
    files = sorted(folder.iterdir())
    names = [f"{name}{theme}.webp" for name in pictured for theme in ("", "-dark")]
    assert [file.name for file in files] == sorted(names)
    assert sum(file.stat().st_size for file in files) <= 200_000
    for name in pictured:
        light, dark = (opened_picture(folder / f"{name}{theme}.webp") for theme in ("", "-dark"))
        assert light > 200 > 60 > dark, name


def opened_picture(path: Path) -> float:
    """The grey of its right edge, from 0 to 255. Its form and size are the gallery's, and it is
    not empty."""
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("WEBP", (256, 144))
        greys = np.asarray(picture.convert("L"))
        assert np.ptp(greys) > 80
        assert path.stat().st_size <= 8000
        return float(np.median(greys[:, -3:]))


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
    code: CodeType = compile(text, "program", "exec", flags, dont_inherit=True)
    return code


@pytest.mark.parametrize(
    "path", [p for p in PROGRAMS if p.stem not in {*FROM_HUB, *IN_A_PAGE}], ids=stem
)
async def test_a_program_runs_in_cpython(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = iter(["They went home", ""])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    names = {"__name__": "__main__", "MODEL": "default"}
    await FunctionType(program(path), names)()
    assert len(capsys.readouterr().out.split()) > 20


def stand_in(name: str, tmp_path: Path) -> Path:
    """The folder of the model that a program gets instead of the hub's."""
    folder = FROM_HUB[name][1]
    if folder == "decoder":
        config = write_model(tmp_path / name, Form(positions=False)) / "config.json"
        long = {**json.loads(config.read_text()), "max_position_embeddings": 2048}
        config.write_text(json.dumps(long))
        return config.parent
    return cutter_in(folder, tmp_path) if folder == "modnet" else GOLDEN / folder


@pytest.mark.parametrize("name", FROM_HUB)
def test_a_program_says_what_it_fetches(name: str) -> None:
    text = (ROOT / "examples" / f"{name}.py").read_text("utf-8")
    assert f'"{FROM_HUB[name][0]}"' in text
    assert re.search(r"Fetches .* from the hub once: (about )?\d+ MB", text.splitlines()[0])


@pytest.mark.parametrize("name", [name for name in FROM_HUB if name not in IN_A_PAGE])
async def test_a_program_fetches_the_model_that_its_first_line_names(
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    model, _, says = FROM_HUB[name]
    path = ROOT / "examples" / f"{name}.py"
    lines = iter(["an old house", ""])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    monkeypatch.setenv("INTAB_CACHE", str(tmp_path))
    with serving_hub(stand_in(name, tmp_path), private=False, name=model) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.hub)
        platform.loader.cache_clear()
        await FunctionType(program(path), {"__name__": "__main__"})()
    platform.loader.cache_clear()
    assert says in capsys.readouterr().out
    assert any(model in address for address in hub.asked)


def test_the_calculator_calculates() -> None:
    """Which a model that is asked for sums calls, or not."""
    source = (ROOT / "examples/calculator.py").read_text("utf-8")
    names: dict[str, Any] = {}
    FunctionType(program(source[: source.index("model = ")]), names)()
    assert [names["calculate"](7, sign, 2) for sign in "+-*/"] == [9, 5, 14, 3.5]


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
