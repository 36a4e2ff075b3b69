"""Values that others wrote, judged before they are used: JSON, numbers, texts, names of files.

Servers, folders, archives and stores may hold anything. What is read of them goes through here, and
ends in a ValueError that says what is wrong; whoever reads knows which file that was, and says so.

    >>> load_json('{"a": [1]}')
    {'a': [1]}
"""

from __future__ import annotations

import json
from typing import Any

MOST_LEVELS = 100  # more would end a worker: parsers call themselves once a level

_STRUCTURE = b'[]{}"'
_NO_STRUCTURE = bytes(set(range(256)) - set(_STRUCTURE))
_AS_LISTS = bytes.maketrans(b"{}", b"[]")


def load_json(text: str) -> Any:
    """What a JSON text says; ValueError where it is not valid or has over 100 levels."""
    check_levels(text)
    return json.loads(text)


def check_levels(text: str) -> None:
    """ValueError where a JSON text has over 100 levels of lists and objects.

    It is measured before anything parses it, as tokenizer.json's is: brackets alone are kept, and
    the innermost pairs taken away until there are none: a few milliseconds a megabyte.
    """
    brackets = _brackets(text)
    for _ in range(MOST_LEVELS):
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    # What is not JSON may have brackets left over; the parser says so, where it can go so deep.
    if b"[]" in brackets or brackets.count(b"[") > MOST_LEVELS:
        raise ValueError(f"it has over {MOST_LEVELS} levels of lists in lists")


def _brackets(text: str) -> bytes:
    """The brackets outside of strings, all of them square."""
    data = text.encode("utf-8", "surrogatepass")
    data = data.replace(b"\\\\", b"").replace(b'\\"', b"")  # from here on each quote is a border
    data = data.translate(_AS_LISTS, _NO_STRUCTURE).replace(b'""', b"")
    return b"".join(data.split(b'"')[::2])
