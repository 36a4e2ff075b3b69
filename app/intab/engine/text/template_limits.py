"""How much a filter, a method or an operator is about to make, known before it makes it.

Only what can make far more than it is given, or takes far longer than it is long, has a rule here.
Arguments are in the order of their parameters, however passed (template_arguments.py). Each rule
ends in `bound`, so that it raises if the result would be larger than a value may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import BuiltinFunctionType
from typing import Any

from intab.engine.text.template_arguments import filter_arguments, method_arguments
from intab.engine.text.template_budget import ITEM, bound, measure, number, size, stop
from intab.engine.text.template_formats import percent_fields, widths

# Printing more digits than 4,300 is refused by Python itself.
MAX_DIGITS = 10_000
# Characters compared with characters, one by one, that are worth one character that is made.
SCANNED = 1000

Given = Sequence[Any]  # the value itself, then the arguments


def check_filter(
    name: str, function: Callable[..., Any], given: Given, named: Mapping[str, Any]
) -> None:
    """Stop a filter that would make too much of its input."""
    if name not in _LAZY:
        for value in (*given, *named.values()):
            measure(value)
    if name == "format" and named:
        given, named = [given[0], named], {}
    if name in _FILTERS:
        _FILTERS[name](filter_arguments(function, given, named))


def check_call(function: object, args: Given, named: Mapping[str, Any]) -> None:
    """Stop a method, such as "a".center, that would make too much or look at too much."""
    owner = getattr(function, "__self__", None)
    if owner is None and not isinstance(function, BuiltinFunctionType):
        return
    for value in (*args, *named.values()):
        measure(value)  # compared or hashed, such as by loop.changed and dict.get
    if not isinstance(owner, (str, bytes, int, float, list, tuple)):
        owner = ""  # maketrans, fromkeys: their arguments are all
    measure(owner)
    name = getattr(function, "__name__", "")
    if name in _METHODS:
        _METHODS[name]([owner, *method_arguments(name, args, named)])


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
    bound(measure(value) + sum(widths(spec)))


def check_digits(digits: int) -> None:
    """Stop a whole number that is too long to compute with."""
    if digits > MAX_DIGITS:
        stop(f"a number would have more than {MAX_DIGITS:,} digits")


def _argument(given: Given, at: int = 1) -> Any:
    return given[at] if len(given) > at else None


def _replace(given: Given) -> None:
    text, old, new = (_text(value) for value in (*given[:3], "", "")[:3])
    bound(len(text) + text.count(old) * len(new))


def _text(value: Any) -> Any:
    return value if isinstance(value, (str, bytes)) else str(value)


def _join_filter(given: Given) -> None:
    _join([_argument(given) or "", given[0]])


def _join(given: Given) -> None:
    separator, items = given[0], _argument(given)
    count = len(items) if isinstance(items, str) else size(items) // ITEM
    bound(measure(items) + count * number(separator))


def _percent(given: Given) -> None:
    """printf-style formatting: widths, and a mapping's values as often as they are named."""
    text, *values = given
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    fields = percent_fields(str(text))
    widest = max((number(v) for v in values if isinstance(v, int)), default=0)
    wide = sum(widest if width is None else width for width in fields)
    times = len(fields) if any(isinstance(value, Mapping) for value in values) else 1
    bound(len(text) + wide + times * sum(measure(value) for value in values))


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
    """What takes the square of its length, or follows each part by the other arguments: it may have
    some 60,000 characters."""
    length = measure(given[0])
    bound(length**2 / SCANNED)
    bound(length * max(1, sum(size(value) for value in given[1:] if isinstance(value, str))))


def _scan(given: Given) -> None:
    """Each character looked for in, or compared with, those of the argument."""
    bound(size(given[0]) * size(_argument(given) or "") / SCANNED)


def _pieces(given: Given) -> None:
    """A text that is cut to pieces, each an item of a list."""
    text, cut, most = given[0], _argument(given), _argument(given, 2)
    if isinstance(cut, (str, bytes)) and cut:
        _scan(given)
        count = text.count(cut)
    else:
        spaces = (" ", "\n", "\t") if isinstance(text, str) else (b" ", b"\n", b"\t")
        count = sum(text.count(space) for space in spaces)
    if isinstance(most, int) and most >= 0:
        count = min(count, most)
    bound(ITEM * (count + 1))


def _pieces_filter(given: Given) -> None:
    _pieces([str(given[0])])


def _each(given: Given) -> None:
    """A list of the characters, or a dict."""
    text = next((value for value in given if isinstance(value, (str, bytes)) and value), "")
    bound(ITEM * len(text))


def _coded(given: Given) -> None:
    """Four bytes a character; some codecs and ways to treat errors make more, or take long."""
    if any(value not in (None, "utf-8", "ascii", "strict") for value in given[1:]):
        _square(given)
    bound(4 * size(given[0]))


# Filters that neither print nor compare their input, or do it item by item.
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
    "list": _each,
    "pprint": _square,
    "replace": _replace,
    "round": _digits,
    "slice": _rows,
    "striptags": _square,
    "sum": _square,
    "tojson": _times,
    "trim": _scan,
    "urlize": _square,
    "wordcount": _pieces_filter,
    "wordwrap": _square,
}
_METHODS: dict[str, Callable[[Given], None]] = {
    "center": _wide,
    "decode": _coded,
    "encode": _coded,
    "expandtabs": _tabs,
    "fromkeys": _each,
    "hex": _times,
    "join": _join,
    "ljust": _wide,
    "lstrip": _scan,
    "maketrans": _each,
    "replace": _replace,
    "rfind": _scan,
    "rindex": _scan,
    "rjust": _wide,
    "rpartition": _scan,
    "rsplit": _pieces,
    "rstrip": _scan,
    "split": _pieces,
    "splitlines": _pieces,
    "strip": _scan,
    "striptags": _square,
    "to_bytes": _wide,
    "translate": _times,
    "zfill": _wide,
}
