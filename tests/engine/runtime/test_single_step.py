"""Graphs that are right for one id a step only: found, and fed one by one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from intab.engine.runtime.network import TensorInfo
from intab.engine.runtime.single_step import SingleStep, is_for_single_steps, made_right
from intab.engine.types import Logits
from intab.errors import RunError
from tests.engine.support.networks import ToyNetwork, ToySession, make_plan
from tests.engine.support.session_contract import CONTRACT, Check

PAST = "onnx/decoder_with_past_model_quantized.onnx"


class Seeing(ToySession):
    """Several ids in one step see each other, as without a causal mask: what is cached is wrong."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        several = len(ids[0]) > 1
        return await super().step([[token + several for token in row] for row in ids], rows)


class Single(ToySession):
    """Takes one id a step, and fails on id 9."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if len(ids[0]) > 1 or ids[0] == [9]:
            raise RunError("one at a time")
        return await super().step(ids, rows)


class Network(ToyNetwork):
    kind: type[ToySession] = Seeing

    def session(self, padding: Sequence[int] = (0,)) -> ToySession:
        return self.kind(self, padding, [[] for _ in padding])


class SingleNetwork(Network):
    kind = Single


@pytest.mark.parametrize("network", [Network(), SingleNetwork()])
async def test_what_differs_in_one_go_is_fed_one_by_one(network: Network) -> None:
    found = await made_right(network, PAST)
    assert isinstance(found, SingleStep)
    assert all(session.closed for session in network.sessions)
    assert not found.plan.all_rows
    assert (found.device, found.lost) == ("toy", False)


async def test_what_agrees_stays_as_it_is() -> None:
    network = ToyNetwork()
    assert await made_right(network, PAST) is network


async def test_other_graphs_are_not_tried() -> None:
    network = Network()
    assert await made_right(network, "onnx/model.onnx") is network
    assert network.sessions == []


def test_a_graph_whose_input_is_one_id() -> None:
    plan = make_plan()
    object.__setattr__(plan, "input_ids", TensorInfo("input_ids", "int64", (None, 1)))
    assert is_for_single_steps("onnx/model.onnx", plan)


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_it_keeps_the_sessions_contract(check: Check) -> None:
    await check(SingleStep(ToyNetwork()))


async def test_a_step_that_fails_changes_nothing() -> None:
    session = SingleStep(SingleNetwork()).session()
    await session.step([[1, 2]])
    with pytest.raises(RunError):
        await session.step([[3, 9]])
    assert session.length == 2


async def test_closing_it_closes_the_network() -> None:
    network = ToyNetwork()
    await SingleStep(network).close()
    assert network.closed
