"""What printf-style formats and format specifications ask for, read as Python reads them.

>>> percent_fields("%5d %s %(a(b))*d"), widths(">0012.3")
([5, 0, None], [12, 3])
"""

from __future__ import annotations

import re

_FIELD = re.compile(r"[-#0 +]*(\*|\d+)?(?:\.(\*|\d+)?)?")
_DIGITS = re.compile(r"\d+")
_LONGEST = 12  # digits of a width; more are as far over every limit


def percent_fields(text: str) -> list[int | None]:
    """For each field its width and precision together; None for one that an argument gives."""
    found: list[int | None] = []
    at = text.find("%")
    while at >= 0:
        at += 1
        if text.startswith("(", at):
            at = _after_key(text, at)
        field = _FIELD.match(text, at)
        if field is None:
            break
        sizes = [_whole(digits) for digits in field.groups(default="0") if digits != "*"]
        found += [None] * field.groups().count("*") + [sum(sizes)]
        at = text.find("%", max(field.end() + 1, at))
    return found


def widths(spec: str) -> list[int]:
    """All numbers in a format specification."""
    return [_whole(digits) for digits in _DIGITS.findall(spec)]


def _whole(digits: str) -> int:
    return int(digits.lstrip("0")[:_LONGEST] or "0")


def _after_key(text: str, at: int) -> int:
    """The place after a key in brackets, which may hold brackets."""
    depth = 0
    for place in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place + 1
    return len(text)
