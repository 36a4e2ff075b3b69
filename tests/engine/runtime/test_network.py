"""The networks of these tests keep the contract of all networks."""

import numpy as np
import pytest

from intab.engine.runtime.network import TensorInfo, choose_outputs
from intab.errors import RunError
from tests.engine.support.graph_networks import FunctionNetwork, identity
from tests.engine.support.network_contract import CONTRACT, Check

WORDS = TensorInfo("words", "tensor(string)", (None,))


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_the_fake_keeps_the_contract(check: Check) -> None:
    await check(identity())


def test_outputs_that_are_no_arrays_may_be_there_but_not_be_wanted() -> None:
    outputs = [WORDS, TensorInfo("y", "int64", ())]
    assert choose_outputs(outputs, ["y"]) == ["y"]
    with pytest.raises(RunError, match=r"gives words \(tensor\(string\) \[\?\]\), and only"):
        choose_outputs(outputs, None)


async def test_an_input_of_texts() -> None:
    network = FunctionNetwork([WORDS], [TensorInfo("y", "int64", ())], lambda _: {})
    with pytest.raises(RunError, match="only float32, float16"):
        await network.run({"words": np.array(["a"])})
