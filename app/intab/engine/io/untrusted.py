"""Values that others wrote, judged before they are used: JSON, numbers, texts, names of files.

Servers, folders, archives and stores may hold anything. All that is read of them goes through here;
a ValueError says what is wrong, and the reader adds which file it was.

    >>> load_json('{"a": [1]}')
    {'a': [1]}
"""

from __future__ import annotations

import json
import re
from reprlib import Repr
from typing import Any

MOST_LEVELS = 100  # more would end a worker: parsers call themselves once a level
MOST_BYTES = 2**40  # of a file: no model has one of a terabyte
MOST_TEXT = 10_000  # characters of a name, an address, a hash

_LONGEST_NAME, _LONGEST_PART = 1000, 255  # characters, and bytes between two `/`
_NOT_IN_NAMES = re.compile(r"[\\\x00-\x1f\x7f]")
_HEX = re.compile(r"[0-9a-fA-F]{0,64}")
_DECIMAL = re.compile(r"[0-9]{1,15}")
_REPR = Repr()
_REPR.maxstring = _REPR.maxother = 80
_STRUCTURE = b'[]{}"'
_NO_STRUCTURE = bytes(set(range(256)) - set(_STRUCTURE))
_AS_LISTS = bytes.maketrans(b"{}", b"[]")


def load_json(text: str, *, strict: bool = True) -> Any:
    """What a JSON text says; ValueError if it is not valid or has over 100 levels. Not strictly,
    its strings may have line breaks and tabs in them as they are."""
    check_levels(text)
    return json.loads(text, strict=strict)


def check_levels(text: str) -> None:
    """ValueError if a JSON text has over 100 levels of lists and objects.

    It is measured before anything parses it, as tokenizer.json's is: brackets alone are kept, and
    the innermost pairs taken away until there are none: a few milliseconds a megabyte.
    """
    brackets = _brackets(text)
    for _ in range(MOST_LEVELS):
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    # A text that is no JSON may have brackets left over; the parser says so, if it can go so deep.
    if b"[]" in brackets or brackets.count(b"[") > MOST_LEVELS:
        raise ValueError(f"it has over {MOST_LEVELS} levels of lists in lists")


def _brackets(text: str) -> bytes:
    """The brackets outside of strings, all of them square."""
    data = text.encode("utf-8", "surrogatepass")
    data = data.replace(b"\\\\", b"").replace(b'\\"', b"")  # from here on each quote is a border
    data = data.translate(_AS_LISTS, _NO_STRUCTURE).replace(b'""', b"")
    return b"".join(data.split(b'"')[::2])


def whole(value: object, low: int = 0, high: int = MOST_BYTES) -> int:
    """A whole number from `low` to `high`; ValueError for anything else, True and 1.0 included."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"must be a whole number from {low} to {high}, not {shown(value)}")
    return value


def number(value: object, low: float, high: float) -> float:
    """A number from `low` to `high`; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"must be a number from {low} to {high}, not {shown(value)}")
    return float(value)


def text(value: object, most: int = MOST_TEXT) -> str:
    """A text of at most that many characters, all of which UTF-8 has; ValueError for anything
    else. JSON may hold halves of surrogate pairs, which no file, key or message can."""
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"must be a text of at most {most:,} characters, not {shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"has half of a surrogate pair, no character: {shown(value)}") from None
    return value


def file_name(value: object) -> str:
    """The name of a file in a model's folder, with `/` between its parts; ValueError if it is
    none, leads out of the folder, or is too long for the disks there are."""
    name = text(value)
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or _NOT_IN_NAMES.search(name):
        raise ValueError(f"{shown(name)} leads out of the folder or is no file's name")
    if len(name) > _LONGEST_NAME or any(len(part.encode()) > _LONGEST_PART for part in parts):
        raise ValueError(f"{shown(name)} is too long a name for a file")
    return name


def hex_digits(value: object) -> str:
    """A hash in hexadecimal digits, "" for none, in lower case; ValueError for anything else."""
    if _HEX.fullmatch(text(value)):
        return str(value).lower()
    raise ValueError(f"must be hexadecimal digits, not {shown(value)}")


def decimal(digits: str | None) -> int | None:
    """The number in a header; None if it is none, or more than any file has bytes."""
    if not digits or not _DECIMAL.fullmatch(digits) or int(digits) > MOST_BYTES:
        return None
    return int(digits)


def shown(value: object) -> str:
    """A value as a message can show it: however long it is, its beginning."""
    try:
        return _REPR.repr(value)
    except ValueError:  # Python does not print numbers of more than 4,300 digits
        return "a number that is too large"
