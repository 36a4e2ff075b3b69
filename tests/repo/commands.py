"""The commands that pages and workflows tell a reader to type, and whether they are there.

    make TARGET          a target of the Makefile that `make` prints
    python -m MODULE     a module of this tree, of the standard library, or one that is installed

In pages only code counts: between backticks, or in a block. It runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec

from tests.conftest import ROOT

_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^(?: {4}|\t)[^\n]*", re.MULTILINE)
_INLINE = re.compile(r"`([^`]+)`")
# At the beginning of a line or after another command: code may have prose in its comments.
_MAKE = re.compile(r"(?:^|&&|;)[ \t]*(?:\w+=\S+ )*make ([a-z][a-z-]*)", re.MULTILINE)
_MODULE = re.compile(r"\bpython[\d.]* -m ([\w.]+)")


def targets() -> set[str]:
    """The Makefile's targets that have a description."""
    text = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))


def code_of(page: str) -> Iterator[str]:
    """What stands as code in a Markdown page."""
    yield from _FENCED.findall(page)
    prose = _FENCED.sub("", page)
    yield from _INDENTED.findall(prose)
    yield from _INLINE.findall(prose)


def unknown(code: str) -> list[str]:
    """The commands in it that do not exist."""
    makes = [f"make {name}" for name in _MAKE.findall(code) if name not in targets()]
    modules = [f"python -m {name}" for name in _MODULE.findall(code) if not _is_module(name)]
    return makes + modules


def _is_module(name: str) -> bool:
    try:
        return find_spec(name.rstrip(".")) is not None
    except ModuleNotFoundError:
        return False
