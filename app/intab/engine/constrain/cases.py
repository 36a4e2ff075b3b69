"""What Python's `re` takes for the same letter with re.IGNORECASE.

It compares what letters become in lower case, one character for one, and knows a few more that are
alike in upper case; so an i matches one without its dot and a capital one with a dot. The library's
own (?i:...) folds cases as Unicode has it, where these are letters of their own. https://github.com/python/cpython/blob/main/Lib/re/_compiler.py

>>> [hex(code) for code in same_but_for_case(ord("h"), ord("i"))]
['0x48', '0x49', '0x130', '0x131']
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from re import _casefix  # type: ignore[attr-defined]

_LAST = 0x20000  # no letter from here on has two cases
_ASCII = 0x80


def same_but_for_case(low: int, high: int, *, ascii_alone: bool = False) -> list[int]:
    """The characters that match one from `low` to `high` and are none of these, in order."""
    most = _ASCII if ascii_alone else _LAST
    keys = {key for code, key in _lower().items() if low <= code <= high and code < most}
    if not ascii_alone:
        keys |= {more for key in keys for more in _casefix._EXTRA_CASES.get(key, ())}
    found = {code for key in keys for code in _alike()[key]}
    return sorted(code for code in found if code < most and not low <= code <= high)


@cache
def _lower() -> Mapping[int, int]:
    """Of each letter that has two cases its lower one."""
    cased = filter(_sre.unicode_iscased, range(_LAST))
    return {code: _sre.unicode_tolower(code) for code in cased}


@cache
def _alike() -> Mapping[int, Sequence[int]]:
    """Of each letter in lower case those that become it, and itself."""
    found: dict[int, list[int]] = defaultdict(list)
    for code, key in _lower().items():
        found[key].append(code)
    return found
