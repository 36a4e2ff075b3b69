"""The repository is whole: a clone with nothing beside it has all that its tests read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

# What is made, fetched or installed, and what git keeps.
MADE = {".git", ".venv", "node_modules", "build", "dist", "__pycache__"}
MADE |= {".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
TEXT = {".py", ".md", ".toml", ".sh", ".mjs", ".js", ".yml", ".conf", ".html", ""}
OUTSIDE = {
    "a folder beside the clone": r"\.\./shar" r"ed\b",
    "the folder above the clone": r"\bROOT\.par" r"ent\b",
    "a path relative to where it is started": r"""Path\(["']\.\./""",
    "a path of one machine": r"""["'(= ]/(?:work/|root/|home/(?!pyodide))""",
}
PARENTS = re.compile(r"__file__\)(?:\.resolve\(\))?\.parents\[(\d+)\]")


def ours(folder: Path = ROOT) -> Iterator[Path]:
    """Every text file of the repository."""
    for path in sorted(folder.iterdir()):
        if path.name in MADE:  # in a worktree .git is a file
            continue
        if path.is_dir():
            yield from ours(path)
        elif path.suffix in TEXT and path != Path(__file__).resolve():
            yield path


def reads_outside(path: Path, text: str) -> list[str]:
    """What in this file leads out of the repository; `path` is relative to the root."""
    found = [what for what, pattern in OUTSIDE.items() if re.search(pattern, text)]
    depths = [int(depth) for depth in PARENTS.findall(text)]
    return found + [f"parents[{depth}]" for depth in depths if depth >= len(path.parts)]


def test_nothing_names_what_lies_outside_the_clone() -> None:
    found = {
        str(path.relative_to(ROOT)): reads
        for path in ours()
        if (reads := reads_outside(path.relative_to(ROOT), path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ('Path("../shared/x")', ["a folder beside the clone", "a path relative to where it"]),
        ('ROOT.parent / "x"', ["the folder above the clone"]),
        ('DATA = "/work/x"', ["a path of one machine"]),
        ("Path(__file__).resolve().parents[2]", ["parents[2]"]),
        ("Path(__file__).parents[1]", []),
    ],
)
def test_what_leads_out_is_seen(text: str, reads: list[str]) -> None:
    found = reads_outside(Path("tests/test_x.py"), text)
    assert len(found) == len(reads)
    assert all(what.startswith(wanted) for what, wanted in zip(found, reads, strict=True))


def test_every_test_is_collected_with_nothing_beside(tmp_path: Path) -> None:
    """In a copy: what is read at import and not there is an error of the collection."""
    copy = tmp_path / "intab"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*MADE), symlinks=True)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    # Without rewriting of asserts, which takes half of the time.
    command += ["--assert=plain", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    [count] = re.findall(r"^(\d+) tests collected", done.stdout, re.MULTILINE)
    assert int(count) > 2000
