"""Rows of which the largest logits came alone, and who is told that these are enough."""

from __future__ import annotations

import numpy as np

from intab.engine.generation.sequences import OneByOne
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.runtime.first_alone import FirstAloneSession
from intab.engine.runtime.largest import narrow, rows_of
from intab.engine.runtime.recompute import RecomputingSession
from intab.engine.runtime.single_step import SingleStepSession

NONE = -np.inf
PLAN = DecoderPlan(None, None, None, None, None, None, ())


def bits(*numbers: float) -> list[int]:
    return [int(each) for each in np.array(numbers, np.float32).view(np.uint32)]


def test_rows_of_what_was_found() -> None:
    one, two, three = bits(1.5, -2, 3)
    lines = [[2, 0, 4, one, 1, two, 9, 9], [1, 0, 0, three, 9, 9, 9, 9]]
    rows = rows_of(np.array([6, 0, 3, *lines[0], *lines[1]], np.uint32))
    assert rows.dtype == np.float32
    wanted = [[NONE, -2, NONE, NONE, 1.5, NONE], [3, NONE, NONE, NONE, NONE, NONE]]
    np.testing.assert_array_equal(rows, wanted)


def test_halves_lie_in_the_upper_bits() -> None:
    half = int(np.array([-0.75], np.float16).view(np.uint16)[0]) << 16
    rows = rows_of(np.array([3, 1, 1, 1, 0, 2, half], np.uint32))
    np.testing.assert_array_equal(rows, [[NONE, NONE, -0.75]])


class Narrowed:
    """A session that remembers what it was told."""

    length = 0

    def __init__(self) -> None:
        self.told: list[int] = []

    def narrow(self, top: int) -> None:
        self.told.append(top)


def test_those_that_stand_over_a_session_tell_it() -> None:
    for make in (
        lambda inner: RecomputingSession(inner, PLAN, [[]]),
        lambda inner: SingleStepSession(inner, PLAN),
        lambda inner: FirstAloneSession(inner),
        lambda inner: OneByOne([inner], [0]),
    ):
        inner = Narrowed()
        narrow(make(inner), 7)
        assert inner.told == [7]


def test_others_give_whole_rows() -> None:
    narrow(object(), 7)
    narrow(OneByOne([object()], [0]), 7)  # type: ignore[list-item]
