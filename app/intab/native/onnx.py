"""Networks over onnxruntime in CPython: the protocol `Network`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import onnxruntime as ort
from numpy.typing import NDArray

from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.network import Arrays, Signature, TensorInfo, check_feeds, choose_outputs
from intab.engine.runtime.refusals import plain_reason
from intab.errors import DeviceError, ModelClosedError, RunError
from intab.native.bodies import NativeBody
from intab.native.opening import open_session

T = TypeVar("T")
_ORT_DTYPES = {
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(bool)": "bool",
}


async def open_network(graph: Graph[NativeBody]) -> OnnxNetwork:
    """Make a network of a graph, in a thread: a large one takes seconds. DeviceError where
    onnxruntime refuses it."""
    try:
        return OnnxNetwork(await asyncio.to_thread(open_session, graph))
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
    """One onnxruntime session; runs are one at a time."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session: ort.InferenceSession | None = session
        self._lock = asyncio.Lock()
        self.inputs, self.outputs = signature(session)

    lost = False  # processors stay

    @property
    def device(self) -> str:
        """Where it runs."""
        return "cpu"

    @property
    def session(self) -> ort.InferenceSession:
        """onnxruntime's session; ModelClosedError after `close`."""
        if self._session is None:
            raise ModelClosedError("The model was closed while it was running.")
        return self._session

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        """The outputs of these names, or all of them."""
        wanted = choose_outputs(self.outputs, outputs)
        given = check_feeds(self.inputs, feeds)
        found = await self.compute(partial(_run, wanted=wanted, feeds=given))
        return dict(zip(wanted, found, strict=True))

    async def compute(self, work: Callable[[ort.InferenceSession], T]) -> T:
        """Do what is to be done with the session, in a thread, so that the event loop goes on."""
        async with self._lock:
            session = self.session
            try:
                return await asyncio.to_thread(work, session)
            except ModelClosedError:
                raise
            except Exception as exc:  # onnxruntime's exceptions share no public base
                raise RunError(f"onnxruntime failed: {plain_reason(str(exc))}") from exc

    async def close(self) -> None:
        """Drop the onnxruntime session."""
        self._session = None


def _run(session: ort.InferenceSession, wanted: list[str], feeds: Arrays) -> list[NDArray[Any]]:
    found: list[NDArray[Any]] = session.run(wanted, feeds)
    return found
