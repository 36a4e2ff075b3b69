"""Networks over onnxruntime in CPython: the protocols `Network` and `Session`.

The KV cache stays in OrtValues that are handed from one run to the next and never copied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort

from intab.engine.graph import GraphPlan, TensorInfo, plan_graph
from intab.engine.load import Graph
from intab.engine.sampling import Logits
from intab.errors import DeviceError, ModelClosedError, RunError
from intab.native.fetch import FileBody, NativeBody

_ORT_DTYPES = {
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(bool)": "bool",
}


def open_network(graph: Graph[NativeBody]) -> OnnxNetwork:
    """Make a network of a graph; DeviceError where onnxruntime refuses it."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    for key, value in graph.session_options.items():
        options.add_session_config_entry(key, value)
    try:
        session = ort.InferenceSession(_source(graph, options), options)
    except Exception as exc:  # onnxruntime's exceptions share no public base
        raise DeviceError(
            f"onnxruntime cannot load {graph.name} ({first_line(exc)}): "
            "the file may be damaged or made for another runtime."
        ) from exc
    plan = plan_graph(_infos(session.get_inputs()), _infos(session.get_outputs()), graph.config)
    return OnnxNetwork(session, plan)


def _source(graph: Graph[NativeBody], options: ort.SessionOptions) -> str | bytes:
    """A path for files on disk, so that their external data is found beside them."""
    if isinstance(graph.body, FileBody):
        return str(graph.body.path)
    if graph.external_data:
        parts = [body.bytes() for body in graph.external_data.values()]
        options.add_external_initializers_from_files_in_memory(
            list(graph.external_data), parts, [len(part) for part in parts]
        )
    return graph.body.bytes()


def first_line(exc: BaseException) -> str:
    """The first line of an exception's text: onnxruntime's go on with its source paths."""
    return str(exc).strip().partition("\n")[0][:200]


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
    """One onnxruntime session; runs are one at a time."""

    def __init__(self, session: ort.InferenceSession, plan: GraphPlan) -> None:
        self._session: ort.InferenceSession | None = session
        self._lock = asyncio.Lock()
        self.plan = plan
        self.outputs = ["logits", *(slot.present for slot in plan.caches)]

    @property
    def device(self) -> str:
        """Where it runs."""
        return "cpu"

    def session(self) -> OnnxSession:
        """A new, empty sequence."""
        return OnnxSession(self)

    async def close(self) -> None:
        """Drop the onnxruntime session."""
        self._session = None

    async def run(self, feeds: Mapping[str, ort.OrtValue]) -> list[ort.OrtValue]:
        """Run the graph once, in a thread, so that the event loop goes on."""
        async with self._lock:
            if self._session is None:
                raise ModelClosedError("The model was closed while it was running.")
            call: Callable[..., list[ort.OrtValue]] = self._session.run_with_ort_values
            try:
                return await asyncio.to_thread(call, self.outputs, feeds)
            except Exception as exc:  # onnxruntime's exceptions share no public base
                raise RunError(f"onnxruntime failed: {first_line(exc)}") from exc


class OnnxSession:
    """A sequence with its cache, fed as the network's plan says."""

    def __init__(self, network: OnnxNetwork) -> None:
        self._network = network
        self._ids: list[int] = []
        self._cache = _empty_cache(network.plan)

    async def step(self, ids: Sequence[int]) -> Logits:
        """Append `ids`; the float32 logits [vocab] after the last of them."""
        self._ids += ids
        feeds = self._feeds(len(ids) if self._cache else len(self._ids))
        logits, *present = await self._network.run(feeds)
        self._cache = {
            slot.past: value for slot, value in zip(self._network.plan.caches, present, strict=True)
        }
        row = logits.numpy()
        return np.asarray(row.reshape(-1, row.shape[-1])[-1], np.float32)

    def close(self) -> None:
        """Drop the cache."""
        self._cache = {}

    def _feeds(self, count: int) -> dict[str, ort.OrtValue]:
        """Inputs for the last `count` of the ids so far."""
        plan, total = self._network.plan, len(self._ids)
        rows = {
            plan.input_ids: [self._ids[-count:]],
            plan.attention_mask: [[1] * total],
            plan.position_ids: [list(range(total - count, total))],
            plan.use_cache_branch: [total > count],
            plan.logits_to_keep: _keep_one(plan.logits_to_keep),
        }
        feeds = {
            info.name: ort.OrtValue.ortvalue_from_numpy(np.array(row, info.dtype))
            for info, row in rows.items()
            if info is not None
        }
        return {**feeds, **self._cache}


def _keep_one(info: TensorInfo | None) -> object:
    return [1] if info is not None and info.shape else 1


def _empty_cache(plan: GraphPlan) -> dict[str, ort.OrtValue]:
    return {
        slot.past: ort.OrtValue.ortvalue_from_numpy(
            np.zeros((1, slot.heads, 0, slot.dim), slot.dtype)
        )
        for slot in plan.caches
    }
