"""Guess and check: the same tokens in fewer steps, and no guesses where they do not help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from intab.engine.generation.decode import generate_tokens
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.prompt_lookup import (
    Guesser,
    generate_with_guesses,
    make_guesser,
    rows_agree,
)
from intab.engine.generation.sequence_state import SequenceState
from intab.engine.runtime.cache_slots import CacheSlot
from intab.engine.types import Logits
from intab.errors import OptionError, RunError
from tests.engine.support.networks import ToyNetwork, ToySession, make_plan

VOCABULARY = 12
PROMPT = [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 8, 9, 4, 5]


class Echo:
    """A session whose logits depend on all ids so far and favour what last followed the last id."""

    def __init__(self, fidelity: float) -> None:
        self.fidelity = fidelity
        self.ids: list[int] = []
        self.rows: list[int] = []  # of each step

    @property
    def length(self) -> int:
        return len(self.ids)

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        self.ids += ids[0]
        self.rows.append(rows)
        ends = range(len(self.ids) - rows + 1, len(self.ids) + 1)
        return np.array([[self._logits(self.ids[:end]) for end in ends]], np.float32)

    def _logits(self, ids: list[int]) -> Logits:
        logits = np.random.default_rng(ids).normal(size=VOCABULARY).astype(np.float32)
        before = self.fidelity and [at for at in range(len(ids) - 1) if ids[at] == ids[-1]]
        if before:
            logits[ids[before[-1] + 1]] += self.fidelity
        return logits

    async def rewind(self, length: int) -> None:
        self.ids = self.ids[:length]

    async def select(self, sequences: Sequence[int]) -> None:
        raise NotImplementedError

    def fork(self) -> Echo:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to give back."""


async def generated(
    session: Echo, guesser: Guesser | None, count: int, **options: Any
) -> list[int]:
    state = SequenceState(PROMPT, GenerationOptions.make({**options, "max_new_tokens": count}, {}))
    steps = (
        generate_with_guesses(session, state, guesser)
        if guesser
        else generate_tokens(session, state)
    )
    return [step.token async for step in steps]


@pytest.mark.parametrize("fidelity", [0.0, 2.0, 4.0, 9.0])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"repetition_penalty": 1.3},
        {"presence_penalty": 0.5, "frequency_penalty": 0.2},
        {"no_repeat_ngram_size": 7},
        {"temperature": 0.8},
        {"temperature": 1.5, "top_k": 5, "top_p": 0.9, "repetition_penalty": 1.1},
    ],
    ids=str,
)
async def test_the_tokens_are_those_without_guesses(
    options: dict[str, Any], fidelity: float
) -> None:
    sampled = "temperature" in options
    for seed in range(5 if sampled else 1):
        seeded = {**options, "seed": seed} if sampled else options
        plain = await generated(Echo(fidelity), None, 60, **seeded)
        guesser = Guesser(most=1 + 2 * seed, end=1000)
        assert await generated(Echo(fidelity), guesser, 60, **seeded) == plain


async def test_a_text_that_repeats_itself_takes_a_third_of_the_steps() -> None:
    session = Echo(fidelity=20)
    await generated(session, Guesser(most=8, end=1000), 120)
    assert len(session.rows) < 120 / 3


async def test_a_text_that_does_not_is_left_alone() -> None:
    """Three ids of so small a vocabulary often come again, and mean nothing."""
    session = Echo(fidelity=0)
    await generated(session, Guesser(most=8, end=2000), 1000, temperature=1.0, seed=3)
    guesses = sum(rows > 1 for rows in session.rows)
    assert 0 < guesses < 0.03 * len(session.rows)


class OneByOne(Echo):
    """Takes several tokens as a prompt alone, as some graphs do."""

    refused = 0

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if self.ids and len(ids[0]) > 1:
            self.refused += 1
            raise RunError("the mask does not fit")
        return await super().step(ids, rows)


async def test_a_graph_that_takes_no_guesses_is_not_asked_again() -> None:
    session = OneByOne(fidelity=20)
    plain = await generated(Echo(fidelity=20), None, 60)
    assert await generated(session, Guesser(most=8, end=1000), 60) == plain
    assert session.refused == 1


class Broken(Echo):
    """Fails after the prompt."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if self.ids:
            raise RunError("out of memory")
        return await super().step(ids, rows)


@pytest.mark.parametrize("guesser", [None, Guesser(most=8, end=1000)])
async def test_a_step_that_fails_without_a_guess_too_fails(guesser: Guesser | None) -> None:
    with pytest.raises(RunError, match="out of memory"):
        await generated(Broken(fidelity=20), guesser, 2)


def test_the_guess_is_what_came_after_the_last_three_ids() -> None:
    assert Guesser(8, 100).guess([5, 6, 7, 8, 9, 5, 6, 7]) == [8, 9]
    assert Guesser(8, 100).guess([5, 6, 7, 8, 9, 6, 7]) == []
    assert Guesser(8, 100).guess([5, 6]) == []
    # The last time counts, and what repeats may go on repeating.
    assert Guesser(8, 100).guess([5, 6, 7, 8, 5, 6, 7, 9, 5, 6, 7]) == [9, 5]
    assert Guesser(8, 100).guess([5, 5, 5, 5]) == [5, 5]


def test_guesses_end_before_the_context_does() -> None:
    ids = [5, 6, 7, 8, 9, 5, 6, 7]
    assert Guesser(8, 10).guess(ids) == [8]
    assert Guesser(8, 9).guess(ids) == []
    assert Guesser(8, 8).guess(ids) == []


def test_guesses_grow_when_they_are_right_and_rest_when_they_are_wrong() -> None:
    guesser, ids = Guesser(8, 100), [1, 2, 3] * 4
    lengths = []
    for _ in range(3):
        guess = guesser.guess(ids)
        lengths.append(len(guess))
        ids += guess
        guesser.learn(ids, len(guess), len(guess))
    assert lengths == [2, 5, 8]
    guesser.learn(ids, 0, 8)
    rests = 0
    while not guesser.guess(ids):
        ids.append([1, 2, 3][len(ids) % 3])
        rests += 1
    assert rests == 8


@pytest.mark.parametrize(
    ("passed", "all_rows", "guesses"),
    [({}, True, True), ({}, False, False), ({"prompt_lookup_num_tokens": 0}, True, False)],
)
def test_it_guesses_where_the_graph_can_check(
    passed: dict[str, Any], all_rows: bool, guesses: bool
) -> None:
    options = GenerationOptions.make(passed, {})
    assert bool(make_guesser(options, 5, make_plan(all_rows=all_rows))) is guesses


def test_where_rows_do_not_agree_it_guesses_if_asked_to() -> None:
    assert not make_guesser(GenerationOptions.make({}, {}), 5, make_plan(), agree=False)
    asked = GenerationOptions.make({"prompt_lookup_num_tokens": 4}, {})
    assert make_guesser(asked, 5, make_plan(), agree=False)


class Quantized(ToySession):
    """Its numbers depend on how many ids a step has."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        found: Logits = await super().step(ids, rows) * np.float32(1 + len(ids[0]) / 100)
        return found


class QuantizedNetwork(ToyNetwork):
    def session(self, padding: Sequence[int] = (0,)) -> ToySession:
        return Quantized(self, padding, [[] for _ in padding])


async def agree(network: ToyNetwork) -> bool:
    return await rows_agree(network, (await network.session().step([[0]]))[0, -1])


async def test_rows_agree_where_each_is_that_of_a_step_of_its_own() -> None:
    assert await agree(ToyNetwork())
    assert not await agree(ToyNetwork(make_plan(all_rows=False)))
    network = QuantizedNetwork()
    assert not await agree(network)
    assert network.sessions[-1].closed


def test_an_option_that_cannot_be_honoured_is_an_error() -> None:
    options = GenerationOptions.make({"prompt_lookup_num_tokens": 4}, {})
    with pytest.raises(OptionError, match="the last row alone"):
        make_guesser(options, 5, make_plan(all_rows=False))


STATE = CacheSlot("past_conv.0", "present_conv.0", "float32", (1, 8, 3), rows=None)


def test_what_cannot_be_rewound_is_not_guessed() -> None:
    plan = replace(make_plan(), caches=(STATE,))
    assert not make_guesser(GenerationOptions.make({}, {}), 5, plan)
    options = GenerationOptions.make({"prompt_lookup_num_tokens": 4}, {})
    with pytest.raises(OptionError, match="this model's has states"):
        make_guesser(options, 5, plan)


def test_no_guess_goes_beyond_a_switch() -> None:
    """The step has the last id and its guesses; one more token would make the cache useless."""
    ids = [5, 6, 7, 8, 9, 5, 6, 7]
    for switch, guess in ((0, 2), (7, 2), (8, 0), (9, 1), (10, 2), (20, 2)):
        guesser = Guesser(most=8, end=100, switch_at=switch)
        assert guesser.guess(ids) == [8, 9][:guess]
    options = GenerationOptions.make({"prompt_lookup_num_tokens": 4}, {})
    guesser_of = make_guesser(options, 8, replace(make_plan(), switch_at=9))
    assert guesser_of is not None
    assert guesser_of.guess(ids) == [8]
