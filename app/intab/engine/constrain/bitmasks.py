"""Rows of bits, one an id, as the library gives them: what they leave of a row of logits.

A row of 150,000 logits is 600 kB: what a mask costs is how often such a row is gone through, so
only the bits are, as words of 64, wherever few ids are allowed or few are not.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from intab.engine.types import Logits

Words = NDArray[np.uint64]
NEVER = np.float32(-np.inf)
_SPARSE = 16  # among so many words one with a bit: they are looked for one by one
_SOME = 1024  # logits that are looked at before all are


def as_words(bits: bytes, size: int) -> Words:
    """The bits of the first `size` ids; those that are not there are 0."""
    words = np.zeros(-(-size // 64), np.uint64)
    given = np.frombuffer(bits, np.uint8)[: words.nbytes]
    words.view(np.uint8)[: given.size] = given
    return words


def forbid(logits: Logits, words: Words) -> bool:
    """Minus infinity for the ids whose bit is 0; whether anything above that is left."""
    if 2 * int(np.bitwise_count(words).sum(dtype=np.int64)) >= logits.size:
        logits[_ids(~words, logits.size)] = NEVER
        return not (np.isneginf(logits[:_SOME].max()) and np.isneginf(logits.max()))
    kept = _ids(words, logits.size)
    values = logits[kept]
    logits[:] = _never(logits.size)
    logits[kept] = values
    return bool(values.size) and not np.isneginf(values.max())


def _ids(words: Words, size: int) -> NDArray[np.intp]:
    """Where the bits are set, below `size`."""
    places = np.flatnonzero(words)
    if _SPARSE * places.size > words.size:
        return np.flatnonzero(_bits(words)[:size])
    at = np.flatnonzero(_bits(words[places]))
    ids: NDArray[np.intp] = places[at // 64] * 64 + at % 64
    return ids[ids < size]


def _bits(words: Words) -> NDArray[np.bool_]:
    return np.unpackbits(words.view(np.uint8), bitorder="little").view(bool)


@lru_cache(maxsize=2)
def _never(size: int) -> Logits:
    """A row without a choice: to copy it is faster than to fill one."""
    return np.full(size, NEVER, np.float32)
