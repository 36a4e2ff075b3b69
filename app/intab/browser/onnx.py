"""Networks over onnxruntime-web: the protocol `Network` with one crossing a run each way.

Arrays go to JavaScript as bytes, with a JSON text that says what they are; what comes back is one
array of bytes, which feeds.mjs packs and `unpack` reads.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException

from intab.browser.fetch import JsBody
from intab.browser.ffi import js_array, js_worker, reason
from intab.browser.frames import JsArray
from intab.engine.io.tasks import start_lasting
from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.network import (
    Arrays,
    Signature,
    TensorInfo,
    check_feeds,
    choose_outputs,
    elsewhere,
)
from intab.errors import DeviceError, ModelClosedError, RunError


async def open_network(graph: Graph[JsBody], device: str, *, stays: bool = False) -> OnnxNetwork:
    """Make a network of a graph, whose weights onnxruntime copies one by one. `stays`: what it
    gives stays on the device until it is read."""
    others = js_array([path, body.js_body] for path, body in graph.external_data.items())
    options = json.dumps(dict(graph.session_options))
    try:
        js_promise = js_worker().open(
            graph.name, graph.body.js_body, others, device, options, stays
        )
        return OnnxNetwork(await _opened(js_promise), device)
    except JsException as exc:
        if getattr(exc, "name", "") == "GpuTrap":
            raise DeviceError(
                f"{graph.name} would not compute on {device} what it should ({reason(exc)}): "
                "choose device='wasm'."
            ) from exc
        raise DeviceError(
            f"onnxruntime cannot load {graph.name} on {device} ({reason(exc)}): the file may be "
            "damaged, too large for this device, or made for another runtime."
        ) from exc


async def _opened(js_promise: Awaitable[Any]) -> Any:
    """The network; where nobody waits for it any more, it is given back once it is there."""
    opening = start_lasting(_awaited(js_promise), "open")
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        start_lasting(_give_back(opening), "give back")
        raise


async def _awaited(js_promise: Awaitable[Any]) -> Any:
    return await js_promise


async def _give_back(opening: asyncio.Task[Any]) -> None:
    with suppress(JsException):  # then there is nothing to give back
        await (await opening).release()


def signature(js_network: Any) -> Signature:
    """A graph's inputs and outputs."""
    inputs, outputs = json.loads(js_network.describe())
    return _infos(inputs), _infos(outputs)


def _infos(rows: list[Any]) -> list[TensorInfo]:
    return [TensorInfo(name, dtype, tuple(shape)) for name, dtype, shape in rows]


class OnnxNetwork:
    """A graph that onnxruntime-web has loaded."""

    def __init__(self, js_network: Any, device: str) -> None:
        self._js_network = js_network
        self._device = device
        self.inputs, self.outputs = signature(js_network)

    @property
    def js_network(self) -> Any:
        """JavaScript's; ModelClosedError after `close`."""
        self.check_open()
        return self._js_network

    def check_open(self) -> None:
        """ModelClosedError after `close`."""
        if self._js_network is None:
            raise ModelClosedError("The model was closed while it was running.")

    @property
    def lost(self) -> bool:
        """Whether its GPU is gone."""
        return self._js_network is not None and bool(self._js_network.lost)

    @property
    def device(self) -> str:
        """Where it runs, e.g. "wasm, 2 threads"."""
        threads = js_worker().threads()
        plural = "" if threads == 1 else "s"
        return f"wasm, {threads} thread{plural}" if self._device == "wasm" else self._device

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        """The outputs of these names, or all of them."""
        wanted = choose_outputs(self.outputs, outputs)
        given = check_feeds(self.inputs, feeds)
        told = [[name, value.dtype.name, value.shape] for name, value in given.items()]
        js_values = js_array(map(bytes_of, given.values()))
        try:
            js_packed = await self.js_network.run(json.dumps([told, wanted]), js_values)
        except JsException as exc:
            raise self.failure(exc) from exc
        return unpack(js_packed.to_memoryview())

    def failure(self, exc: JsException) -> RunError:
        """A JavaScript error of a run as ours."""
        if self.lost:
            return RunError(
                f"The GPU was lost ({reason(exc)}): run again, which loads the model again."
            )
        return RunError(f"onnxruntime failed: {reason(exc)}")

    async def close(self) -> None:
        """Release the onnxruntime session."""
        if self._js_network:
            js_network, self._js_network = self._js_network, None
            await js_network.release()


def bytes_of(value: NDArray[Any]) -> Any:
    """An array as bytes, which JavaScript may have already."""
    held = elsewhere(value)
    return held.js_bytes if isinstance(held, JsArray) else value.reshape(-1).view(np.uint8)


def unpack(packed: memoryview) -> Arrays:
    """The arrays that feeds.mjs packed: the size of a JSON text, the text, the values of each."""
    head = int.from_bytes(packed[:4], "little")
    arrays: Arrays = {}
    for name, dtype, shape, start in json.loads(bytes(packed[4 : 4 + head])):
        kind = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(packed, kind, count, start).reshape(shape)
    return arrays
