r"""A schema in the words of the library, where they mean something else to it.

    spelled({"format": "date"})    ->   {"format": "date", "allOf": [{"pattern": ...}]}

The library takes 29 days for every February, a leap second in any minute, 2.0 for no integer and
patterns for those of Rust's `regex`. Here a pattern allows what it means in ECMAScript, as JSON
Schema has it, and in Python's `re` as well, so that any validator finds the answer valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_ONE = {"items", "additionalProperties", "additionalItems", "not", "contains", "propertyNames"}
_ANY = {"propertyNames", "unevaluatedItems", "unevaluatedProperties"}
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems", "items"}
_NAMED = {"properties", "patternProperties", "$defs", "definitions"}
_SIZES = {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
_LEAP = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
_DATE = (
    r"^(?:\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|\d{4}-(?:0[13-9]|1[0-2])-(?:29|30)"
    rf"|\d{{4}}-(?:0[13578]|1[02])-31|{_LEAP})"
)
_TIME = "^[^:]*:[^:]*:[0-5]"  # without leap seconds, whose minute depends on the zone
_FORMATS = {"date": [_DATE], "time": [_TIME], "date-time": [_DATE, _TIME]}

_SPACE = r"\t-\r \xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
# What each stands for in both languages, and in one of them at least.
_BOTH = {"d": "0-9", "w": "a-zA-Z0-9_", "s": _SPACE}
_EITHER = {
    "d": r"\p{Nd}",
    "w": r"\p{L}\p{N}_",
    "s": rf"{_SPACE}\x1c-\x1f\x85\x{{feff}}",
}
_PARTS = re.compile(r"\\.|\[\^?|.", re.DOTALL)


def spelled(schema: Any) -> Any:
    """The schema, a dict or a bool, with all schemas in it."""
    if not isinstance(schema, Mapping):
        return schema
    found = {k: _value(k, value) for k, value in schema.items() if not _says_nothing(k, value)}
    patterns = _FORMATS.get(schema["format"], ()) if _is_text(schema.get("format")) else ()
    if patterns:
        others = found.get("allOf", [])
        found["allOf"] = [*others, *({"pattern": spelled_pattern(one)} for one in patterns)]
    return found


def _says_nothing(key: str, value: Any) -> bool:
    """Whether a keyword that the library refuses allows all there is, as generators write it."""
    if key == "uniqueItems":
        return value is False
    return key in _ANY and (value is True or value == {})


def _value(key: str, value: Any) -> Any:
    if key == "pattern" and _is_text(value):
        return spelled_pattern(value)
    if key in _SIZES and isinstance(value, float) and value.is_integer():
        return int(value)
    if key in _NAMED and isinstance(value, Mapping):
        patterned = key == "patternProperties"
        return {
            spelled_pattern(name) if patterned else name: spelled(one)
            for name, one in value.items()
        }
    if key in _LISTS and isinstance(value, (list, tuple)):
        return [spelled(one) for one in value]
    return spelled(value) if key in _ONE else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def spelled_pattern(pattern: str) -> str:
    """A pattern that allows what both languages do."""
    return "".join(_parts(pattern))


def _parts(pattern: str) -> Iterator[str]:
    inside, before = "", ""  # the class that is open, and the part before this one
    for part in _PARTS.findall(pattern):
        if not inside:
            yield r"[^\n\r\x{2028}\x{2029}]" if part == "." else _set(part, "")
            inside, before = (part, "") if part[0] == "[" else ("", "")
        elif part == "]" and before:
            yield part
            inside = ""
        else:
            before = _member(part, inside, before)
            yield before


def _member(part: str, inside: str, before: str) -> str:
    """A part of a class. Brackets and doubled signs are of Rust alone there."""
    if part[0] == "[":
        return "".join(f"\\{sign}" for sign in part)
    if part in "&~" or (part == "-" and before in ("", "-")):
        return f"\\{part}"
    return _set(part, inside)


def _set(part: str, inside: str) -> str:
    """What `\\s` and its like stand for, in a class or not."""
    kind = part[1:].lower()
    if part[0] != "\\" or kind not in _BOTH or len(part) != 2:
        return part
    narrow = part[1].islower() == (inside != "[^")
    signs = (_BOTH if narrow else _EITHER)[kind]
    if part[1].islower():
        return signs if inside else f"[{signs}]"
    return f"[^{signs}]"
