"""Networks over onnxruntime in CPython: the protocols `Network` and `Session`.

The KV cache stays in OrtValues that are handed from one run to the next and never copied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from intab.engine.runtime.cache_slots import TensorInfo
from intab.engine.runtime.decoder_plan import DecoderPlan, Signature, plan_graph
from intab.engine.runtime.network import CLOSED, STATES
from intab.engine.runtime.protocols import Graph
from intab.engine.runtime.refusals import plain_reason
from intab.engine.types import Logits
from intab.errors import DeviceError, ModelClosedError, RunError
from intab.native.bodies import NativeBody
from intab.native.kv_cache import KvCache, ort_value
from intab.native.opening import open_session

Feeds = Mapping[str, ort.OrtValue]
_ORT_DTYPES = {
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(bool)": "bool",
}


def open_network(graph: Graph[NativeBody]) -> OnnxNetwork:
    """Make a network of a graph; DeviceError where onnxruntime refuses it."""
    session = _open(graph)
    embedder = _open(graph.embeddings) if graph.embeddings else None
    embeddings = signature(embedder) if embedder else None
    plan = plan_graph(*signature(session), graph.config, graph.names, embeddings)
    return OnnxNetwork(session, plan, Embedder(embedder, plan) if embedder else None)


def _open(graph: Graph[NativeBody]) -> ort.InferenceSession:
    try:
        return open_session(graph)
    except Exception as exc:  # onnxruntime's exceptions share no public base
        raise DeviceError(
            f"onnxruntime cannot load {graph.name} ({plain_reason(str(exc))}): "
            "the file may be damaged or made for another runtime."
        ) from exc


def signature(session: ort.InferenceSession) -> Signature:
    """A graph's inputs and outputs."""
    return _infos(session.get_inputs()), _infos(session.get_outputs())


def _infos(nodes: Sequence[Any]) -> list[TensorInfo]:
    return [
        TensorInfo(
            node.name,
            _ORT_DTYPES.get(node.type, node.type),
            tuple(size if isinstance(size, int) and size > 0 else None for size in node.shape),
        )
        for node in nodes
    ]


class OnnxNetwork:
    """One onnxruntime session, or two, of which the first embeds; runs are one at a time."""

    def __init__(
        self,
        session: ort.InferenceSession,
        plan: DecoderPlan,
        embedder: Embedder | None = None,
    ) -> None:
        self._session: ort.InferenceSession | None = session
        self._embedder = embedder
        self._lock = asyncio.Lock()
        self.plan = plan
        self.outputs = [plan.logits, *(slot.present for slot in plan.caches)]

    lost = False  # processors stay

    @property
    def device(self) -> str:
        """Where it runs."""
        return "cpu"

    def session(self, padding: Sequence[int] = (0,)) -> OnnxSession:
        """Empty sequences, one for each number of tokens of left padding."""
        empty = [np.zeros(0, np.int64) for _ in padding]
        return OnnxSession(self, padding, np.array(empty), KvCache.empty(self.plan, len(padding)))

    async def close(self) -> None:
        """Drop the onnxruntime session."""
        self._session = self._embedder = None

    async def run(self, feeds: Feeds, ids: NDArray[np.int64]) -> list[ort.OrtValue]:
        """Run the graph once, in a thread, so that the event loop goes on; `ids` [batch, n] are
        those that the other graph embeds, if there is one."""
        async with self._lock:
            if self._session is None:
                raise ModelClosedError("The model was closed while it was running.")
            try:
                return await asyncio.to_thread(self._compute, self._session, feeds, ids)
            except Exception as exc:  # onnxruntime's exceptions share no public base
                raise RunError(f"onnxruntime failed: {plain_reason(str(exc))}") from exc

    def _compute(
        self, session: ort.InferenceSession, feeds: Feeds, ids: NDArray[np.int64]
    ) -> list[ort.OrtValue]:
        if self._embedder:
            feeds = {**feeds, **self._embedder(ids)}
        found: list[ort.OrtValue] = session.run_with_ort_values(self.outputs, feeds)
        return found


class Embedder:
    """The graph that embeds ids for a decoder that takes embeddings."""

    def __init__(self, session: ort.InferenceSession, plan: DecoderPlan) -> None:
        self._session = session
        self._plan = plan.embeddings

    def __call__(self, ids: NDArray[np.int64]) -> dict[str, ort.OrtValue]:
        """The decoder's inputs that come of `ids` [batch, n]."""
        if self._plan is None:
            return {}
        info = self._plan.input_ids
        feeds = {info.name: ort_value(ids.astype(info.dtype))}
        outputs = [output for output, _ in self._plan.outputs]
        found = self._session.run_with_ort_values(outputs, feeds)
        return {name: one for (_, name), one in zip(self._plan.outputs, found, strict=True)}


class OnnxSession:
    """Sequences with their cache, fed as the network's plan says."""

    def __init__(
        self,
        network: OnnxNetwork,
        padding: Sequence[int],
        ids: NDArray[np.int64],
        cache: KvCache,
    ) -> None:
        self._network = network
        self._padding = np.array(padding)[:, None]  # [batch, 1]
        self._ids = ids  # [batch, length]
        self._cache = cache
        self._closed = False

    @property
    def length(self) -> int:
        """Tokens in the cache, of each sequence."""
        return int(self._ids.shape[1])

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the float32 logits [batch, rows, vocab] of the last `rows`."""
        plan = self._network.plan
        plan.check_rows(rows)
        if self._closed:
            raise RunError(CLOSED)
        longer = np.concatenate([self._ids, np.array(ids, np.int64)], axis=1)
        past = self.length if plan.caches else 0
        feeds = self._feeds(longer, past, rows)
        logits, *present = await self._network.run(feeds, longer[:, past:])
        self._cache.keep(present, self.length)
        self._ids = longer
        return _last_rows(logits.numpy(), rows)

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens; none or all of them if the cache has states."""
        if length >= self.length:
            return
        plan = self._network.plan
        if length and not plan.can_rewind:
            raise RunError(STATES)
        if not length:
            self._cache = KvCache.empty(plan, len(self._ids))
            self._ids = self._ids[:, :0]
        else:
            self._cut(range(len(self._ids)), length)

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep, repeat and reorder sequences."""
        self._cut(sequences, self.length)

    def fork(self) -> OnnxSession:
        """An independent session with the same cache."""
        padding = self._padding[:, 0].tolist()
        return OnnxSession(self._network, padding, self._ids, self._cache.fork())

    def close(self) -> None:
        """Drop the cache."""
        self._closed = True
        self._cache.clear()

    def _cut(self, sequences: Sequence[int], length: int) -> None:
        chosen = list(sequences)
        self._cache.cut(chosen, length)
        self._padding, self._ids = self._padding[chosen], self._ids[chosen, :length]

    def _feeds(self, ids: NDArray[np.int64], past: int, rows: int) -> dict[str, ort.OrtValue]:
        """Inputs for what `ids` have beyond the `past` that the cache has."""
        plan, total = self._network.plan, ids.shape[1]
        place = np.arange(total)[None]
        keep = plan.logits_to_keep
        visible = place >= self._padding
        empty = np.zeros((len(ids), max(self._cache.room - past, 0)), np.bool_)
        positions = np.maximum(place - self._padding, 0)[:, past:]
        values: dict[TensorInfo | None, object] = {
            plan.input_ids: ids[:, past:],
            plan.attention_mask: np.hstack([visible[:, :past], empty, visible[:, past:]]),
            plan.cache_position: place[0, past:],
            plan.position_ids: [positions] * plan.position_rows or positions,
            plan.use_cache_branch: [past > 0],
            keep: [rows] if keep is not None and keep.shape else rows,
        }
        feeds = {
            info.name: ort_value(np.array(value, info.dtype))
            for info, value in values.items()
            if info is not None
        }
        return {**feeds, **self._cache.tensors}


def _last_rows(logits: NDArray[Any], rows: int) -> Logits:
    if logits.ndim != 3:
        raise RunError(f"the logits have {logits.ndim} dimensions, not [batch, rows, vocabulary]")
    if logits.shape[1] < rows:
        raise RunError(f"onnxruntime failed: {logits.shape[1]} rows of logits came, not {rows}")
    return np.asarray(logits[:, -rows:], np.float32)
