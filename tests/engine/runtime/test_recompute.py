"""Caches that do not hold for ever: what is lost is computed again, and the numbers are those of
the whole text at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from intab.engine.generation.prefill import prefill
from intab.engine.generation.sequences import OneByOne, open_session
from intab.engine.runtime.cache_slots import CacheSlot
from intab.engine.runtime.decoder import STATES, Decoder, Session
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.runtime.recompute import PIECE, recompute_where_needed
from intab.engine.types import Logits
from intab.errors import RunError
from tests.engine.support.networks import ToyNetwork, make_plan, weights
from tests.engine.support.session_contract import CONTRACT, Check

SWITCH = 6
ROWS = CacheSlot("past_key_values.0.key", "present.0.key", "float32", (1, 1, 0, 8))
STATE = CacheSlot("past_conv.0", "present_conv.0", "float32", (1, 8, 3), rows=None)


class KeepingSession:
    """Keeps for each token what it was when it came: turned by the total of tokens then."""

    def __init__(self, network: KeepingNetwork, padding: Sequence[int]) -> None:
        self.network = network
        self.padding = list(padding)
        self.kept: list[list[Logits]] = [[] for _ in padding]
        self.sizes: list[int] = []
        self.closed = False
        network.sessions.append(self)

    @property
    def length(self) -> int:
        return len(self.kept[0])

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        await asyncio.sleep(0)
        total = self.length + len(ids[0])
        self.sizes.append(len(ids[0]))
        new = [[turned(token, total, self.network.plan) for token in row] for row in ids]
        self.kept = [old + more for old, more in zip(self.kept, new, strict=True)]
        sums = [
            np.cumsum([np.zeros(8) if at < pad else one for at, one in enumerate(row)], axis=0)
            for row, pad in zip(self.kept, self.padding, strict=True)
        ]
        return np.array([row[-rows:] for row in sums], np.float32) @ weights()[2]

    async def rewind(self, length: int) -> None:
        if 0 < length < self.length and not self.network.plan.can_rewind:
            raise RunError(STATES)
        self.kept = [row[:length] for row in self.kept]

    async def select(self, sequences: Sequence[int]) -> None:
        self.kept = [list(self.kept[i]) for i in sequences]
        self.padding = [self.padding[i] for i in sequences]

    def fork(self) -> KeepingSession:
        other = KeepingSession(self.network, self.padding)
        other.kept = [list(row) for row in self.kept]
        return other

    def close(self) -> None:
        self.closed = True


class KeepingNetwork:
    """Hands out KeepingSessions and keeps them for the test to look at."""

    device = "keeping"
    lost = False

    def __init__(self, plan: DecoderPlan) -> None:
        self.plan = plan
        self.sessions: list[KeepingSession] = []
        self.closed = False

    def session(self, padding: Sequence[int] = (0,)) -> KeepingSession:
        return KeepingSession(self, padding)

    async def close(self) -> None:
        self.closed = True


def turned(token: int, total: int, plan: DecoderPlan) -> Logits:
    """A token's vector, twice of it in texts beyond the switch."""
    factor = 2 if 0 < plan.switch_at < total else 1
    return np.asarray(weights()[0][token] * factor)


def whole(ids: Sequence[int], plan: DecoderPlan) -> Logits:
    """The logits after a text, as if it were computed at once."""
    total = np.sum([turned(token, len(ids), plan) for token in ids], axis=0, dtype=np.float32)
    return np.asarray(total @ weights()[2], np.float32)


PLANS = {
    "switch": replace(make_plan(), caches=(ROWS,), switch_at=SWITCH),
    "states": replace(make_plan(), caches=(ROWS, STATE)),
    "both": replace(make_plan(), caches=(ROWS, STATE), switch_at=SWITCH),
}


@pytest.fixture(params=PLANS)
def keeping(request: pytest.FixtureRequest) -> KeepingNetwork:
    return KeepingNetwork(PLANS[request.param])


def sessions_of(keeping: KeepingNetwork) -> Decoder:
    return recompute_where_needed(keeping)


def test_a_network_whose_cache_holds_is_left_as_it_is() -> None:
    network = ToyNetwork(replace(make_plan(), caches=(ROWS,)))
    assert recompute_where_needed(network) is network
    without = ToyNetwork(replace(make_plan(), switch_at=SWITCH))
    assert recompute_where_needed(without) is without


async def test_the_network_is_the_same_otherwise(keeping: KeepingNetwork) -> None:
    network = sessions_of(keeping)
    assert (network.plan, network.device, network.lost) == (keeping.plan, "keeping", False)
    await network.close()
    assert keeping.closed


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_the_contract(keeping: KeepingNetwork, check: Check) -> None:
    keeping.plan = replace(keeping.plan, position_ids=None)
    await check(sessions_of(keeping))


async def test_every_token_is_that_of_the_whole_text(keeping: KeepingNetwork) -> None:
    session, ids = sessions_of(keeping).session(), list(range(60, 75))
    for end in range(1, len(ids) + 1):
        row = (await session.step([ids[end - 1 : end]]))[0, -1]
        np.testing.assert_array_equal(row, whole(ids[:end], keeping.plan))


async def test_rows_on_both_sides_of_the_switch(keeping: KeepingNetwork) -> None:
    session, ids = sessions_of(keeping).session(), list(range(60, 70))
    await session.step([ids[:3]])
    rows = await session.step([ids[3:]], rows=6)
    for count, row in enumerate(rows[0], start=5):
        np.testing.assert_array_equal(row, whole(ids[:count], keeping.plan))


async def test_any_way_to_a_text(keeping: KeepingNetwork) -> None:
    """Steps, rewinds, forks and selections by chance, each text known beside its session."""
    rng, network = random.Random(7), sessions_of(keeping)
    known: list[tuple[Session, list[list[int]]]] = [(network.session((0, 0)), [[], []])]
    for _ in range(300):
        number = rng.randrange(len(known))
        session, texts = known[number]
        what = rng.choice(["step", "step", "rewind", "fork", "select"])
        if what == "step":
            new = [[rng.randrange(200) for _ in range(rng.choice([1, 1, 2, 5]))]] * len(texts)
            rows = await session.step(new, rows := rng.randint(1, len(new[0])))
            texts[:] = [[*text, *more] for text, more in zip(texts, new, strict=True)]
            for text, found in zip(texts, rows, strict=True):
                for back, row in enumerate(found[::-1]):
                    ids = text[: len(text) - back]
                    np.testing.assert_array_equal(row, whole(ids, keeping.plan))
        elif what == "rewind":
            length = rng.randint(0, len(texts[0]))
            await session.rewind(length)
            texts[:] = [text[:length] for text in texts]
        elif what == "fork" and len(known) < 4:
            known.append((session.fork(), [list(text) for text in texts]))
        elif what == "select":
            await session.select([1, 0])
            texts.reverse()
        assert session.length == len(texts[0])
    for session, _ in known:
        session.close()
    assert all(one.closed for one in keeping.sessions)


async def test_a_step_that_fails_leaves_what_was(
    keeping: KeepingNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, ids = sessions_of(keeping).session(), list(range(60, 66))
    await session.step([ids])
    inner = keeping.sessions[0]
    step, calls = inner.step, 0

    async def failing(new: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RunError("no memory")
        return await step(new, rows)

    monkeypatch.setattr(inner, "step", failing)
    with pytest.raises(RunError, match="no memory"):
        await session.step([[1, 2]], rows=2)
    assert session.length == len(ids)
    row = (await session.step([[3]]))[0, -1]
    np.testing.assert_array_equal(row, whole([*ids, 3], keeping.plan))


async def test_a_long_prompt_is_computed_once() -> None:
    """In pieces, of which the first goes beyond the switch."""
    keeping = KeepingNetwork(replace(PLANS["switch"], switch_at=50))
    session, told = sessions_of(keeping).session(), list[int]()
    logits = await prefill(session, [[7] * 100], 20, told.append)
    assert keeping.sessions[0].sizes == [51, 20, 20, 9]
    assert told == [51, 71, 91, 100]
    np.testing.assert_array_equal(logits[0], whole([7] * 100, keeping.plan))


async def test_a_prompt_below_the_switch_is_not_one_piece() -> None:
    keeping = KeepingNetwork(replace(PLANS["switch"], switch_at=50))
    await prefill(sessions_of(keeping).session(), [[7] * 50], 20, lambda done: None)
    assert keeping.sessions[0].sizes == [20, 20, 10]


async def test_what_is_computed_again_goes_in_pieces() -> None:
    keeping = KeepingNetwork(PLANS["states"])
    session = sessions_of(keeping).session()
    ids = [7] * (2 * PIECE + 30)
    await session.step([ids])
    await session.rewind(2 * PIECE + 10)
    await session.step([[8, 9]], rows=2)
    assert keeping.sessions[0].sizes == [len(ids), PIECE, PIECE, 12]


async def test_a_turn_that_is_taken_back_does_not_cost_the_turns_before() -> None:
    keeping = KeepingNetwork(PLANS["states"])
    session = sessions_of(keeping).session()
    await session.step([[1] * 40])
    await session.rewind(40)  # as a chat does where it goes on
    await session.step([[2] * 20])
    await session.rewind(45)
    row = (await session.step([[3]]))[0, -1]
    np.testing.assert_array_equal(row, whole([*[1] * 40, *[2] * 5, 3], keeping.plan))
    assert [one.sizes for one in keeping.sessions] == [[40, 20], [], [6]]
    session.close()
    assert all(one.closed for one in keeping.sessions)


async def test_prompts_of_different_lengths_switch_each_for_itself() -> None:
    network = sessions_of(KeepingNetwork(PLANS["switch"]))
    assert not network.plan.can_pad
    session = await open_session(network, (5, 0), 2)
    rows = await session.step([[*[0] * 5, 1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8]])
    for ids, row in zip(([1, 2, 3], range(1, 9)), rows, strict=True):
        np.testing.assert_array_equal(row[-1], whole(list(ids), network.plan))


class LeakySession(KeepingSession):
    """Its first step hides padding; its states do not."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if self.length:
            self.padding = [0 for _ in self.padding]
        return await super().step(ids, rows)


class LeakyNetwork(KeepingNetwork):
    def session(self, padding: Sequence[int] = (0,)) -> KeepingSession:
        return LeakySession(self, padding)


async def test_states_that_hold_padding_are_found_out() -> None:
    network = sessions_of(LeakyNetwork(PLANS["states"]))
    assert isinstance(await open_session(network, (2, 0), 2), OneByOne)
    assert not isinstance(await open_session(network, (0, 0), 2), OneByOne)
    network = sessions_of(KeepingNetwork(PLANS["states"]))
    assert not isinstance(await open_session(network, (2, 0), 2), OneByOne)
