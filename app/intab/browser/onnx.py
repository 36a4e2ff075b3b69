"""Networks over onnxruntime-web: `Network` and `Session` with one crossing a token each way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
from pyodide.ffi import JsException

from intab.browser.fetch import JsBody
from intab.browser.ffi import js_array, js_worker, reason
from intab.engine.io.tasks import start_lasting
from intab.engine.runtime.cache_slots import TensorInfo
from intab.engine.runtime.decoder_plan import DecoderPlan, Signature, plan_graph
from intab.engine.runtime.network import CLOSED, STATES
from intab.engine.runtime.protocols import Graph
from intab.engine.types import Logits
from intab.errors import DeviceError, ModelClosedError, RunError


async def open_network(graph: Graph[JsBody], device: str) -> OnnxNetwork:
    """Make a network of a graph, and of the one that embeds ids for it."""
    js_network, js_embedder = await _open(graph, device), None
    try:
        if graph.embeddings:
            js_embedder = await _open(graph.embeddings, device)
        embeddings = _signature(js_embedder) if js_embedder else None
        plan = plan_graph(*_signature(js_network), graph.config, graph.names, embeddings)
    except BaseException:
        for js_opened in filter(None, (js_network, js_embedder)):
            await js_opened.release()
        raise
    told = {**asdict(plan), "roomy": plan.roomy, "position_rows": plan.position_rows}
    js_network.usePlan(json.dumps(told), js_embedder)
    return OnnxNetwork(js_network, device, plan)


async def _open(graph: Graph[JsBody], device: str) -> Any:
    """onnxruntime copies the weights one by one."""
    others = js_array([path, body.js_body] for path, body in graph.external_data.items())
    options = json.dumps(dict(graph.session_options))
    try:
        return await _opened(
            js_worker().open(graph.name, graph.body.js_body, others, device, options)
        )
    except JsException as exc:
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


def _signature(js_network: Any) -> Signature:
    inputs, outputs = json.loads(js_network.describe())
    return _infos(inputs), _infos(outputs)


def _infos(rows: list[Any]) -> list[TensorInfo]:
    return [TensorInfo(name, dtype, tuple(shape)) for name, dtype, shape in rows]


class OnnxNetwork:
    """A graph that onnxruntime-web has loaded."""

    def __init__(self, js_network: Any, device: str, plan: DecoderPlan) -> None:
        self._js_network = js_network
        self.plan = plan
        self._device = device

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._js_network is None

    @property
    def lost(self) -> bool:
        """Whether its GPU is gone."""
        return not self.closed and bool(self._js_network.lost)

    @property
    def device(self) -> str:
        """Where it runs, e.g. "wasm, 2 threads"."""
        threads = js_worker().threads()
        plural = "" if threads == 1 else "s"
        return f"wasm, {threads} thread{plural}" if self._device == "wasm" else self._device

    def session(self, padding: Sequence[int] = (0,)) -> OnnxSession:
        """Empty sequences, one for each number of tokens of left padding."""
        return OnnxSession(self, self._js_network.begin(js_array(padding)), len(padding))

    async def close(self) -> None:
        """Release the onnxruntime session."""
        if self._js_network:
            js_network, self._js_network = self._js_network, None
            await js_network.release()


class OnnxSession:
    """Sequences whose cache lives in JavaScript."""

    def __init__(self, network: OnnxNetwork, js_session: Any, batch: int, length: int = 0) -> None:
        self._network = network
        self._js_session = js_session
        self._batch = batch
        self.length = length

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the float32 logits [batch, rows, vocab] of the last `rows`."""
        self._network.plan.check_rows(rows)
        js_ids = js_array(token for row in ids for token in row)
        at = self.length
        js_rows = await self._call("step", js_ids, rows, at)
        found = np.asarray(js_rows.to_memoryview())
        # Halves come as uint16, since Python's buffers know no float16.
        halves = found.dtype != np.float32
        logits = found.view(np.float16).astype(np.float32) if halves else found
        self.length = at + len(ids[0])
        return logits.reshape(self._batch, rows, -1)

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens; none or all of them if the cache has states."""
        if 0 < length < self.length and not self._network.plan.can_rewind:
            raise RunError(STATES)
        self.length = min(length, self.length)
        await self._call("rewind", self.length)

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep, repeat and reorder sequences."""
        await self._call("select", js_array(sequences), self.length)
        self._batch = len(sequences)

    def fork(self) -> OnnxSession:
        """An independent session with the same cache."""
        return OnnxSession(self._network, self._js_session.fork(), self._batch, self.length)

    def close(self) -> None:
        """Give the cache back."""
        if self._js_session:
            self._js_session.close()
            self._js_session = None

    async def _call(self, name: str, *arguments: Any) -> Any:
        if self._network.closed:
            raise ModelClosedError("The model was closed while it was running.")
        if self._js_session is None:
            raise RunError(CLOSED)
        try:
            return await getattr(self._js_session, name)(*arguments)
        except JsException as exc:
            if self._network.lost:
                raise RunError(
                    f"The GPU was lost ({reason(exc)}): run again, which loads the model again."
                ) from exc
            raise RunError(f"onnxruntime failed: {reason(exc)}") from exc
