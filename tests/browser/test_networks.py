"""Networks over onnxruntime-web, whatever their graphs are for, on wasm and on WebGPU.

One crossing goes in with the feeds, one comes out with the outputs, and no tensor stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.memory import WorkerMemory
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor, visits
from tests.conftest import ROOT
from tests.engine.support import network_contract
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
def address(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = copy_site(site, tmp_path_factory.mktemp("networks"))
    write_identity(folder / "models/identity/onnx/model.onnx")
    with serve_command(folder) as served:
        yield served


@pytest.fixture(scope="module")
def on_wasm(browser: Browser, address: str) -> Iterator[Visitor]:
    yield from visits(browser, address)


@pytest.fixture(scope="module")
def on_webgpu(webgpu_browser: Browser, address: str) -> Iterator[Visitor]:
    yield from visits(webgpu_browser, address)


def keep_the_contract(visitor: Visitor, device: str) -> None:
    done = printed_json(visitor, CONTRACT + OPEN + KEEPING.format(device=device))
    assert done == [check.__name__ for check in network_contract.CONTRACT]


def test_the_contract_on_wasm(on_wasm: Visitor) -> None:
    keep_the_contract(on_wasm, "wasm")


def test_the_contract_on_webgpu(on_webgpu: Visitor) -> None:
    keep_the_contract(on_webgpu, "webgpu")


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
