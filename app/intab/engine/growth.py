"""How much a filter, a method or an operator is about to make, known before it makes it.

Only what can make far more than it is given has a rule here. Each ends in `bound`, so that it
raises where the result would be larger than a value of a template may be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from intab.engine.budget import ITEM, bound, measure, number, size, stop

# Printing more digits than 4,300 is refused by Python itself.
MAX_DIGITS = 10_000
_WIDTHS = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(\*|\d+)?(?:\.(\*|\d+))?")
_NUMBERS = re.compile(r"\d+")

Given = Sequence[Any]  # the value itself, then the arguments


def check_filter(name: str, given: Given) -> None:
    """Stop a filter that would make too much of what it is given."""
    if name not in _LAZY:
        for value in given:
            measure(value)
    if name in _FILTERS:
        _FILTERS[name](given)


def check_call(function: object, args: Given) -> None:
    """Stop a method of a plain value, such as "a".center, that would make too much."""
    owner = getattr(function, "__self__", None)
    if not isinstance(owner, (str, bytes, int, float, list, tuple, dict)):
        return
    given = [owner, *args]
    for value in given:
        measure(value)
    name = getattr(function, "__name__", "")
    if name in _METHODS:
        _METHODS[name](given)


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Stop an operator that would make too much of two operands."""
    if operator == "+":
        bound(size(left) + size(right))
    elif operator == "*" and isinstance(left, int) and isinstance(right, int):
        check_digits(size(left) + size(right))
    elif operator == "*":
        times, sequence = (left, right) if isinstance(left, int) else (right, left)
        bound(size(sequence) * max(times, 0) if isinstance(times, int) else 0)
    elif operator == "**" and isinstance(left, int) and isinstance(right, int):
        check_digits(size(left) * abs(right))
    elif operator == "%" and isinstance(left, (str, bytes)):
        _percent([left, *(right if isinstance(right, tuple) else [right])])


def check_spec(value: object, spec: str) -> None:
    """Stop one field of str.format, as in "{:>1000000000}"."""
    bound(measure(value) + sum(int(digits) for digits in _NUMBERS.findall(spec[:100])))


def check_digits(digits: int) -> None:
    """Stop a whole number that is too long to reckon with."""
    if digits > MAX_DIGITS:
        stop(f"a number would have more than {MAX_DIGITS:,} digits")


def _argument(given: Given, at: int = 1) -> Any:
    return given[at] if len(given) > at else 0


def _replace(given: Given) -> None:
    text, old, new = (_text(value) for value in (*given[:3], "", "")[:3])
    bound(len(text) + text.count(old) * len(new))


def _text(value: Any) -> Any:
    return value if isinstance(value, (str, bytes)) else str(value)


def _join_filter(given: Given) -> None:
    _join([_argument(given) or "", given[0]])


def _join(given: Given) -> None:
    separator, items = given[0], _argument(given)
    bound(measure(items) + size(items) // ITEM * number(separator))


def _percent(given: Given) -> None:
    """printf-style formatting: widths, and a mapping's values as often as they are named."""
    text, *values = given
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    specs = _WIDTHS.findall(str(text))
    widest = max((number(v) for v in values if isinstance(v, int)), default=0)
    widths = [widest if width == "*" else int(width or 0) for spec in specs for width in spec]
    times = len(specs) if any(isinstance(value, Mapping) for value in values) else 1
    bound(len(text) + sum(widths) + times * sum(measure(value) for value in values))


def _wide(given: Given) -> None:
    bound(size(given[0]) + number(_argument(given)))


def _tabs(given: Given) -> None:
    tab = b"\t" if isinstance(given[0], bytes) else "\t"
    bound(size(given[0]) + given[0].count(tab) * number(_argument(given)))


def _lines(given: Given) -> None:
    text = str(given[0])
    bound(len(text) + (text.count("\n") + 1) * number(_argument(given)))


def _times(given: Given) -> None:
    """Whatever each part of the value may be followed or replaced by."""
    bound(measure(given[0]) * max(1, sum(_width(value) for value in given[1:])))


def _width(value: object) -> int:
    return sum(map(_width, value)) if isinstance(value, (list, tuple)) else number(value)


def _rows(given: Given) -> None:
    bound(ITEM * number(_argument(given)))


def _digits(given: Given) -> None:
    check_digits(number(_argument(given)))


def _square(given: Given) -> None:
    """Filters whose time grows with the square of their input: some 100,000 characters."""
    bound(measure(given[0]) ** 2 / 1000)


# Filters that neither print nor compare what they are given, or do it item by item.
_LAZY = {
    *("attr", "batch", "count", "d", "default", "first", "items", "last", "length", "list", "map"),
    *("random", "reject", "rejectattr", "reverse", "select", "selectattr", "slice"),
}
_FILTERS: dict[str, Callable[[Given], None]] = {
    "batch": _rows,
    "center": _wide,
    "format": _percent,
    "indent": _lines,
    "join": _join_filter,
    "pprint": _square,
    "replace": _replace,
    "round": _digits,
    "slice": _rows,
    "sum": _square,
    "tojson": _times,
    "urlize": _square,
    "wordwrap": _square,
}
_METHODS: dict[str, Callable[[Given], None]] = {
    "center": _wide,
    "expandtabs": _tabs,
    "join": _join,
    "ljust": _wide,
    "replace": _replace,
    "rjust": _wide,
    "to_bytes": _wide,
    "translate": _times,
    "zfill": _wide,
}
