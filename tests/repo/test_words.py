"""Names, docs and messages use the field's words, not words of our own for the same things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

# What each stands for: a model's cache, a candidate, a fallback ...
HOUSE_WORDS = re.compile(
    r"\b(shel(f|ves)|rungs?|climb(s|ed|ing)?|heed(s|ed|ing)?|anew|reckon(s|ed|ing)?|seldom|whoever"
    r"|(is|are) told)\b",
    re.IGNORECASE,
)
# These are English; as names of our own they said nothing.
NAMES = re.compile(r"\b(def|class) \w*(apart|growth|promise|patience|ladder)\w*", re.IGNORECASE)
READ = (
    "app",
    "docs",
    "examples",
    "kernels",
    "deploy",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
)
TEXT = {".py", ".md", ".mjs", ".html", ".conf"}


def sources() -> Iterator[Path]:
    for name in READ:
        path = ROOT / name
        yield from sorted(path.rglob("*")) if path.is_dir() else [path]


def test_the_words_are_the_field_s() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in sources()
        if path.suffix in TEXT
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := HOUSE_WORDS.search(line) or NAMES.search(line))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("The next rung of it", "rung"),
        ("Whoever waits", "Whoever"),
        ("is told of each", "is told"),
        ("class PatienceOfOurs:", "class PatienceOfOurs"),
        ("to tell files apart, as was promised", None),
        ("interrupted", None),
    ],
)
def test_a_house_word_is_seen(line: str, word: str | None) -> None:
    found = HOUSE_WORDS.search(line) or NAMES.search(line)
    assert (found and found[0]) == word
