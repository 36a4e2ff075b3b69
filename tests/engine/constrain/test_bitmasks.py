"""A row of bits leaves of a row of logits what it allows, to the id, however many these are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.constrain.bitmasks import as_words, forbid


def masked(bits: bytes, logits: list[float] | int) -> tuple[list[int], bool]:
    """Which ids are left, and whether any is said to be."""
    row = np.zeros(logits, np.float32) if isinstance(logits, int) else np.array(logits, np.float32)
    is_left = forbid(row, as_words(bits, row.size))
    return np.flatnonzero(~np.isneginf(row)).tolist(), is_left


@given(st.data())
def test_what_is_allowed_is_left(data: st.DataObject) -> None:
    """The row may be longer than the bits, or shorter, and of no whole number of words."""
    size = data.draw(st.integers(1, 3000))
    ids = st.sets(st.integers(0, size + 200), max_size=40)
    chosen = data.draw(ids)
    if data.draw(st.booleans()):
        chosen = set(range(size + data.draw(st.integers(-1, 100)))) - chosen
    bits = np.zeros(max(chosen, default=0) + 1, bool)
    bits[list(chosen)] = True
    wanted = sorted(one for one in chosen if one < size)
    found = masked(np.packbits(bits, bitorder="little").tobytes(), size)
    assert found == (wanted, bool(wanted))


@pytest.mark.parametrize("bits", [b"\x01", b"\xff" * 250, b"\xff" * 249])
def test_what_was_forbidden_before_is_not_left(bits: bytes) -> None:
    assert masked(bits, [-np.inf] * 2000) == ([], False)
    assert masked(bits, [0.0] + [-np.inf] * 1999) == ([0], True)


def test_the_last_of_a_long_row_is_seen() -> None:
    assert masked(b"\xff" * 250, [-np.inf] * 1999 + [3.0]) == ([1999], True)
