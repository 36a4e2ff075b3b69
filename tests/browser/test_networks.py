"""Networks over onnxruntime-web, whatever their graphs are for, on wasm and on WebGPU.

One crossing goes in with the feeds, one comes out with the outputs, and no tensor stays.
"""

from __future__ import annotations

import pytest

from tests.browser.conftest import Stock
from tests.browser.memory import WorkerMemory
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor
from tests.conftest import ROOT
from tests.engine.support import network_contract
from tests.support.gpu_graphs import TRAPS
from tests.support.identity_graph import write_identity

CONTRACT = (ROOT / "tests/engine/support/network_contract.py").read_text("utf-8")
OPEN = """
import json
from intab.browser.runtime import models_address
from intab.engine.io.small_files import get_whole
from intab.engine.runtime.graphs import Graph
from intab.platform import loader

async def open_identity(device):
    runtime = loader()._runtime
    body = await get_whole(runtime.services, models_address() + "identity/onnx/model.onnx")
    await runtime.prepare(device)
    return await runtime.open(Graph("model.onnx", body), device)
"""
KEEPING = """
network, done = await open_identity({device!r}), []
for check in CONTRACT:
    await check(network)
    done.append(check.__name__)
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def address(stock: Stock, served: str) -> str:
    write_identity(stock("identity") / "onnx/model.onnx")
    trap = stock("trap")
    trap.mkdir()
    (trap / "model.onnx").write_bytes(TRAPS["Resize of channels last, linear"].model)
    return served


def keep_the_contract(visitor: Visitor, device: str) -> None:
    done = printed_json(visitor, CONTRACT + OPEN + KEEPING.format(device=device))
    assert done == [check.__name__ for check in network_contract.CONTRACT]


def test_the_contract_on_wasm(on_wasm: Visitor) -> None:
    keep_the_contract(on_wasm, "wasm")


def test_the_contract_on_webgpu(on_webgpu: Visitor) -> None:
    keep_the_contract(on_webgpu, "webgpu")


TRAP = """
import intab

network = await intab.network("trap")
print("on", network.device[:4])
await network.close()
await intab.network("trap", device="webgpu")
"""


def test_what_a_gpu_computes_otherwise_is_not_opened_there(on_webgpu: Visitor) -> None:
    printed = on_webgpu.run(TRAP, "error")
    assert "on wasm" in printed
    assert (
        "DeviceError: model.onnx would not compute on webgpu what it should (its Resize gives "
        "other numbers there for pictures with channels last): choose device='wasm'."
    ) in printed


MANY = """
network, given = await open_identity("wasm"), feeds(20_000)
for _ in range(20):
    await network.run(given)
await network.close()
"""


def test_runs_leave_nothing(on_wasm: Visitor) -> None:
    """Each run takes and gives a megabyte and more."""
    memory = WorkerMemory(on_wasm.page)
    on_wasm.run(CONTRACT + OPEN + MANY)
    before = memory.held()
    on_wasm.run(CONTRACT + OPEN + MANY)
    after = memory.held()
    assert before.wasm == after.wasm > 0
    assert after.buffers - before.buffers < 2**20


CROSSINGS = """
class Counted:
    def __init__(self, js_network):
        self.js_network, self.calls = js_network, []

    def run(self, *given):
        self.calls.append(len(given))
        return self.js_network.run(*given)

network = await open_identity("wasm")
counted = network._js_network = Counted(network._js_network)
await network.run(feeds())
print(json.dumps(counted.calls))
"""


def test_one_crossing_a_run(on_wasm: Visitor) -> None:
    """A text and a list of bytes, however many inputs there are; anything else would fail."""
    assert printed_json(on_wasm, CONTRACT + OPEN + CROSSINGS) == [2]
