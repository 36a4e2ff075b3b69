"""The first id comes in a step of its own, and nothing else changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from intab.engine.runtime.first_alone import FirstAlone, FirstAloneSession
from intab.engine.runtime.recompute import least_piece
from intab.engine.types import Logits
from intab.errors import RunError
from tests.engine.support.networks import ToyNetwork, ToySession
from tests.engine.support.session_contract import CONTRACT, Check


def steps(network: ToyNetwork) -> list[list[list[int]]]:
    return network.sessions[-1].steps


@pytest.mark.parametrize("rows", [1, 2, 3])
async def test_the_logits_are_those_of_one_step(rows: int) -> None:
    plain, network = ToyNetwork(), ToyNetwork()
    ids = [[5, 6, 7], [8, 9, 5]]
    wanted = await plain.session((0, 0)).step(ids, rows)
    found = await FirstAlone(network).session((0, 0)).step(ids, rows)
    np.testing.assert_array_equal(found, wanted)
    assert steps(network) == [[[5], [8]], [[6, 7], [9, 5]]]


async def test_only_the_first_id_of_a_sequence_is_alone() -> None:
    network = ToyNetwork()
    session = FirstAlone(network).session()
    for ids in ([4], [5, 6], [7, 8]):
        await session.step([ids])
    assert steps(network) == [[[4]], [[5, 6]], [[7, 8]]]
    await session.rewind(0)
    await session.step([[1, 2, 3]])
    assert steps(network)[3:] == [[[1]], [[2, 3]]]


async def test_padded_sequences_begin_as_they_did() -> None:
    network = ToyNetwork()
    await FirstAlone(network).session((1, 0)).step([[0, 5], [6, 7]])
    assert steps(network) == [[[0, 5], [6, 7]]]


class OnlyAtFirst(ToySession):
    """Takes several ids only where nothing came before, as some exports do."""

    error: BaseException = RunError("shapes")

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if self.length and len(ids[0]) > 1:
            raise self.error
        return await super().step(ids, rows)


class OnlyAtFirstNetwork(ToyNetwork):
    def session(self, padding: Sequence[int] = (0,)) -> ToySession:
        return OnlyAtFirst(self, padding, [[] for _ in padding])


async def test_where_several_ids_cannot_follow_all_come_at_once() -> None:
    network = OnlyAtFirstNetwork()
    await FirstAlone(network).session().step([[5, 6, 7]])
    assert steps(network) == [[[5]], [[5, 6, 7]]]


async def test_what_is_cancelled_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnlyAtFirst, "error", asyncio.CancelledError())
    session = FirstAlone(OnlyAtFirstNetwork()).session()
    with pytest.raises(asyncio.CancelledError):
        await session.step([[5, 6, 7]])
    assert session.length == 0


async def test_the_least_piece_is_that_of_the_session_below() -> None:
    class Least(ToySession):
        def least_piece(self, total: int) -> int:
            return total

    inner = Least(ToyNetwork(), (0,), [[]])
    assert least_piece(FirstAloneSession(inner), 9) == 9
    assert least_piece(FirstAlone(ToyNetwork()).session(), 9) == 1


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_it_keeps_the_contract(check: Check) -> None:
    await check(FirstAlone(ToyNetwork()))
