"""Sentences for a forgotten `await` and a package that is not there: Python's own words do not say
what to do."""

from __future__ import annotations

import re

_ATTRIBUTE = re.compile(r"'(coroutine|async_generator)' object (?:has no attribute|is not subscr)")
_ITERATED = re.compile(
    r"'(?:async_generator|coroutine|\w+)' object is not (?:iterable|an iterator)"
)
UNUSED = r"coroutine '([\w.<>]+)' was never awaited"  # Python's warning


def unused(warning: str) -> str | None:
    """For Python's warning of a coroutine that nobody waited for; None of any other."""
    found = re.match(UNUSED, warning)
    return unused_call(found[1].rpartition(".")[2]) if found else None


def unused_call(name: str) -> str:
    """For a call that gave a coroutine, which was thrown away."""
    return f"{name}(...) did nothing, since nobody waited for it: write `await` before it."


def _missing(name: str) -> str:
    return (
        f"This site does not carry {name}. If Pyodide or PyPI has it, the site's owner adds it: "
        f'make site PACKAGES="{name}".'
    )


def of_error(exc: BaseException) -> str | None:
    """For an error that a forgotten `await` makes, or a package that is not there; else None."""
    text = str(exc)
    if isinstance(exc, ModuleNotFoundError) and text == f"No module named {exc.name!r}":
        return _missing(str(exc.name).partition(".")[0])
    if isinstance(exc, AttributeError | TypeError) and (found := _ATTRIBUTE.search(text)):
        if found[1] == "async_generator":
            return "This is a stream, not an answer: go through it with `async for`."
        return "This is a coroutine, not yet its result: write `await` before the call."
    if not isinstance(exc, TypeError) or not _ITERATED.search(text):
        return None
    if "'coroutine'" in text:
        return "This is a coroutine, not yet its result: write `await` before the call."
    if "async_generator" in text:
        return "A stream is gone through with `async for` instead of `for`."
    return None
