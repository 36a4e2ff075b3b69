"""Networks over onnxruntime-web: `Network` and `Session` with one crossing a token each way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from pyodide.ffi import JsException

from intab.browser.fetch import JsBody
from intab.browser.ffi import js_array, js_worker, reason
from intab.engine.graph import TensorInfo, plan_graph
from intab.engine.load import Graph
from intab.engine.sampling import Logits
from intab.errors import DeviceError, ModelClosedError, RunError


async def open_network(graph: Graph[JsBody], device: str) -> OnnxNetwork:
    """Make a network of a graph; the graph's bytes are given back afterwards."""
    bodies = {path: body.js_bytes for path, body in graph.external_data.items()}
    external = js_array(js_array(item) for item in bodies.items())
    options = json.dumps(dict(graph.session_options))
    try:
        js_network = await js_worker().open(graph.body.js_bytes, external, device, options)
    except JsException as exc:
        raise DeviceError(
            f"onnxruntime cannot load {graph.name} on {device} ({reason(exc)}): the file may be "
            "damaged, too large for this device, or made for another runtime."
        ) from exc
    inputs, outputs = json.loads(js_network.describe())
    plan = plan_graph(_infos(inputs), _infos(outputs), graph.config)
    js_network.usePlan(json.dumps(asdict(plan)))
    return OnnxNetwork(js_network, device)


def _infos(rows: list[Any]) -> list[TensorInfo]:
    return [TensorInfo(name, dtype, tuple(shape)) for name, dtype, shape in rows]


class OnnxNetwork:
    """A graph that onnxruntime-web has loaded."""

    def __init__(self, js_network: Any, device: str) -> None:
        self._js_network = js_network
        self._device = device

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._js_network is None

    @property
    def device(self) -> str:
        """Where it runs, e.g. "wasm, 2 threads"."""
        threads = js_worker().threads()
        plural = "" if threads == 1 else "s"
        return f"wasm, {threads} thread{plural}" if self._device == "wasm" else self._device

    def session(self) -> OnnxSession:
        """A new, empty sequence."""
        return OnnxSession(self, self._js_network.begin())

    async def close(self) -> None:
        """Release the onnxruntime session."""
        if self._js_network:
            js_network, self._js_network = self._js_network, None
            await js_network.release()


class OnnxSession:
    """A sequence whose cache lives in JavaScript."""

    def __init__(self, network: OnnxNetwork, js_session: Any) -> None:
        self._network = network
        self._js_session = js_session

    async def step(self, ids: Sequence[int]) -> Logits:
        """Append `ids`; the float32 logits [vocab] after the last of them."""
        if self._network.closed:
            raise ModelClosedError("The model was closed while it was running.")
        try:
            js_row = await self._js_session.step(js_array(ids))
        except JsException as exc:
            raise RunError(f"onnxruntime failed: {reason(exc)}") from exc
        row = np.asarray(js_row.to_memoryview())
        # Halves come as uint16, since Python's buffers know no float16.
        return row if row.dtype == np.float32 else row.view(np.float16).astype(np.float32)

    def close(self) -> None:
        """Give the cache back."""
        if self._js_session:
            self._js_session.close()
            self._js_session = None
