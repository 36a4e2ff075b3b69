"""Every file that pages, workflows, docstrings, comments and messages name is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.repo import paths
from tests.repo.test_clone import MADE

# As they are called in build/site, and in pages of others.
IN_THE_SITE = {
    "intab/disk.mjs",
    "intab/isolated.mjs",
    "intab/python.mjs",
    "intab/without_eval.mjs",
    "intab/worker.mjs",
    "kernels/protobuf.mjs",
    "ort/ort-wasm-simd-threaded.mjs",
    "ort/ort.wasm.min.mjs",
    "pyscript/core.css",
    "pyscript/core.js",
}
OF_OTHERS = {
    "logits_process.py",  # transformers
    "modeling_rope_utils.py",  # transformers
    "ort-wasm-simd-threaded.mjs",  # onnxruntime-web
    "pyodide.mjs",
}
# What a reader makes, or a script while it runs.
MADE_UP = {
    ".github/workflows/pages.yml",
    "compute.mjs",
    "models/tiny/",
    "my-page.mjs",
    "my-worker.mjs",
    "node.mjs",
    "run.mjs",
}
NOT_OURS = IN_THE_SITE | OF_OTHERS | MADE_UP

WHOLE = {".md", ".yml", ".yaml", ".conf", ".sh", ".mjs", ".js", ".toml"}
WHOLE_BY_NAME = {"Makefile", "Dockerfile", ".gitignore", "run"}


def every_file() -> Iterator[str]:
    for folder, inner, names in os.walk(ROOT):
        inner[:] = sorted(set(inner) - MADE)
        for name in set(names) - MADE:
            yield (Path(folder) / name).relative_to(ROOT).as_posix()


# Sources of others that the wheels' tests keep as they are; these tests, whose examples are wrong.
SKIPPED = ("tests/wheels/upstream/", "tests/repo/paths.py", "tests/repo/test_paths.py")
# A page that is written to be copied into another folder.
COPIED = {
    "models/recipe/card.md": "models/default/README.md",
    "models/pictures_recipe/card.md": "models/emoji/README.md",
}


@cache
def tree() -> paths.Tree:
    return paths.Tree(every_file())


def is_read(path: str) -> bool:
    name = Path(path).name
    known = Path(path).suffix in {*WHOLE, ".py"} or name in WHOLE_BY_NAME
    return known and not path.startswith(SKIPPED)


def text_of(path: str) -> str:
    """What of a file speaks of other files."""
    text = (ROOT / path).read_text("utf-8")
    if not path.endswith(".py"):
        return text
    messages = paths.strings_of(text) if path.startswith(("app/", "tools/")) else ""
    return f"{paths.prose_of(text)}\n{messages}"


@cache
def named() -> dict[str, set[str]]:
    return {path: paths.named(text_of(path), tree()) for path in tree().files if is_read(path)}


def test_what_is_named_is_there() -> None:
    lacking = {
        path: sorted(name for name in names - NOT_OURS if not tree().has(name))
        for path, names in named().items()
    }
    assert {path: names for path, names in lacking.items() if names} == {}


def test_enough_is_seen() -> None:
    """A pattern that finds nothing would pass as well."""
    assert sum(map(len, named().values())) > 400
    assert {"app/intab/errors.py", "tests/golden"} <= tree().files | tree().folders


def test_names_that_are_not_ours_are_named_somewhere() -> None:
    assert NOT_OURS - set().union(*named().values()) == set()


def test_links_lead_somewhere() -> None:
    pages = [path for path in tree().files if path.endswith(".md") and is_read(path)]
    assert {page: lost for page in pages if (lost := lost_links(page))} == {}
    assert len(pages) > 15


def lost_links(page: str) -> list[str]:
    lost = []
    for path, anchor in paths.links((ROOT / page).read_text("utf-8")):
        target = (ROOT / COPIED.get(page, page)).parent / path if path else ROOT / page
        if not target.exists():
            lost.append(path)
        elif anchor and anchor not in paths.anchors(target.read_text("utf-8")):
            lost.append(f"{path}#{anchor}")
    return lost


SMALL = paths.Tree(["README.md", "app/intab/errors.py", "app/page/wire.mjs", "docs/a.md"])


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("See `intab/errors.py`, app/page/wire.mjs and wire.mjs.", set()),
        ("See `intab/eror.py`.", {"intab/eror.py"}),
        ("wires.mjs has it", {"wires.mjs"}),
        ("(`docs/b.md`)", {"docs/b.md"}),
        ("docs/b.md:12 and docs/c.md.", {"docs/b.md", "docs/c.md"}),
        ("all of app/pages/ and docs/gone/", {"app/pages/", "docs/gone/"}),
        ("app/gone/ and app/page/", {"app/gone/"}),
        ("app/page/*.mjs, docs/*.txt", {"docs/*.txt"}),
        ("config.json, onnx/model.onnx, my/page.md, x/y.py", set()),
        ("https://example.org/docs/b.md, file.pyc, docs/NAME.md, docs/{name}.md", set()),
        ("[text](docs/b.md)", set()),  # links have a test of their own
        ("a.b.mjs, .py, *.py, model.generate", set()),
    ],
)
def test_which_names_are_found(text: str, lacking: set[str]) -> None:
    assert {name for name in paths.named(text, SMALL) if not SMALL.has(name)} == lacking


def test_links_and_headings_are_read() -> None:
    page = "[a](b.md#c) [d](https://x.y/z) [e](#f)\n```\n[no](no.md)\n```\n## The `CSP`: why\n"
    assert list(paths.links(page)) == [("b.md", "c"), ("", "f")]
    assert paths.anchors(page) == {"the-csp-why"}


def test_of_a_source_prose_and_messages_are_read() -> None:
    source = '"""Of a.py."""\nx = "see b.py"  # not c.py\n'
    assert paths.named(paths.prose_of(source), SMALL) == {"a.py", "c.py"}
    assert "b.py" in paths.named(paths.strings_of(source), SMALL)
