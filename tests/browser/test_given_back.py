"""A session of onnxruntime that nobody will use is given back: its memory never shrinks."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor

# Networks whose graph has no input_ids, from a worker that waits for a gate.
PROGRAM = """
import asyncio, json
from types import SimpleNamespace
from intab.browser import decoder, onnx
from intab.engine.runtime.graphs import DecoderGraphs
from intab.errors import UnsupportedModelError

gate, released = asyncio.Event(), []

class Opened:
    def describe(self):
        return json.dumps([[["x", "int64", [1, None]]], [["logits", "float32", [1, None, 3]]]])

    async def release(self):
        released.append(self)

class Worker:
    async def open(self, *_):
        await gate.wait()
        return Opened()

graph = SimpleNamespace(
    name="g", body=SimpleNamespace(js_body=None), external_data={}, session_options={}
)
before, onnx.js_worker = onnx.js_worker, Worker
try:
    opening = asyncio.create_task(onnx.open_network(graph, "wasm"))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    told = [opening.cancelled(), len(released)]
    gate.set()
    try:
        await decoder.open_decoder(DecoderGraphs(graph, {}), "wasm")
    except UnsupportedModelError as exc:
        told.append(str(exc).partition("(")[0])
    for _ in range(20):
        await asyncio.sleep(0)
    told.append(len(released))
finally:
    onnx.js_worker = before
print(json.dumps(told))
"""


def test_a_network_that_nobody_waits_for_or_that_cannot_be_fed(later: Page, served: str) -> None:
    told = printed_json(Visitor(later).open(served), PROGRAM)
    assert told == [True, 0, "The graph has no input_ids ", 2]
