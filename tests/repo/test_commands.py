"""Every command in README, docs and the other pages exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.repo import commands
from tests.repo.test_clone import ours

PAGES = [path for path in ours() if path.suffix == ".md" and path.name != "CHANGELOG.md"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_names_commands_that_exist(path: Path) -> None:
    code = "\n".join(commands.code_of(path.read_text("utf-8")))
    assert commands.unknown(code) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Run `make nothing`.", ["make nothing"]),
        ("Run `make test ARGS=x`, or `make`.", []),
        ("We make nothing of it.", []),
        ("    x.py  what would make too much\n", []),
        ("`make site && make serv`", ["make serv"]),
        ("```sh\nmake serv  # typed wrongly\n```\n", ["make serv"]),
        ("    make serv\n", ["make serv"]),
        ("`.venv/bin/python -m tools.nothing x`", ["python -m tools.nothing"]),
        ("`python3.12 -m intab.nothing.at.all`", ["python -m intab.nothing.at.all"]),
        ("`python -m tools.site`, `python3 -m venv x`, `python -m intab`", []),
    ],
)
def test_what_does_not_exist_is_found(text: str, found: list[str]) -> None:
    assert commands.unknown("\n".join(commands.code_of(text))) == found
