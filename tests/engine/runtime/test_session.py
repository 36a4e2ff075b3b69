"""The toy network keeps the contract of sessions, so that what is built on it can be trusted."""

import pytest

from intab.engine.runtime.decoder import Decoder
from tests.engine.support.networks import ToyNetwork, make_plan
from tests.engine.support.session_contract import CONTRACT, Check

PLANS = {
    "all": make_plan(),
    "no padding": make_plan(can_pad=False),
    "one row": make_plan(all_rows=False),
    "one sequence": make_plan(can_batch=False),
}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_the_contract(name: str, check: Check) -> None:
    network: Decoder = ToyNetwork(PLANS[name])
    await check(network)
