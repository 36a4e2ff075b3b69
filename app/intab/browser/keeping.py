"""Networks over onnxruntime-web that keep outputs in JavaScript: `KeepingNetwork`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException

from intab.browser.fetch import JsBody
from intab.browser.ffi import js_array, js_worker
from intab.browser.onnx import OnnxNetwork, open_network, unpack
from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.keeping import check_handles
from intab.engine.runtime.network import Arrays

_numbers = count(1)  # of all tensors that are kept, whatever the network


async def open_keeping(graph: Graph[JsBody], device: str) -> OnnxKeeping:
    """Make a network of a graph; DeviceError where onnxruntime refuses it."""
    return OnnxKeeping(await open_network(graph, device, stays=True))


class OnnxKeeping:
    """An OnnxNetwork whose outputs may stay; a handle is a number."""

    def __init__(self, network: OnnxNetwork) -> None:
        self._network = network
        self.inputs, self.outputs = network.inputs, network.outputs
        self._gone: list[int] = []

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._network.device

    @property
    def lost(self) -> bool:
        """Whether its GPU is gone."""
        return self._network.lost

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        """The outputs of these names, or all of them."""
        return await self._network.run(feeds, outputs)

    async def put(self, arrays: Sequence[NDArray[Any]]) -> list[int]:
        """Tensors of these values."""
        made = [next(_numbers) for _ in arrays]
        told = [[n, a.dtype.name, a.shape] for n, a in zip(made, arrays, strict=True)]
        await self._call(made, "put", json.dumps(told), _bytes(arrays))
        return made

    async def compute(
        self, feeds: Mapping[str, Any], read: Sequence[str], keep: Sequence[str] = ()
    ) -> tuple[Arrays, dict[str, int]]:
        """Run once."""
        check_handles(self.inputs, feeds)
        arrays = {name: v for name, v in feeds.items() if isinstance(v, np.ndarray)}
        made = {name: next(_numbers) for name in keep}
        told = {
            "infos": [[name, v.dtype.name, v.shape] for name, v in arrays.items()],
            "held": [[name, v] for name, v in feeds.items() if name not in arrays],
            "read": list(read),
            "keep": list(made.items()),
            "gone": self._gone,
        }
        self._gone = []
        values = _bytes(list(arrays.values()))
        js_packed = await self._call(list(made.values()), "compute", json.dumps(told), values)
        return unpack(js_packed.to_memoryview()), made

    async def take(self, kept: Sequence[int], sequences: Sequence[int]) -> list[int]:
        """Tensors with these sequences."""
        made = [next(_numbers) for _ in kept]
        pairs = json.dumps(list(zip(kept, made, strict=True)))
        await self._call(made, "take", pairs, json.dumps(list(sequences)))
        return made

    def drop(self, kept: Iterable[int], *, now: bool = False) -> None:
        """Give tensors back: with the next run, or now."""
        self._gone += kept
        if now and self._gone:
            js_worker().letGoOf(json.dumps(self._gone))
            self._gone = []

    async def close(self) -> None:
        """Release the onnxruntime session."""
        self.drop((), now=True)
        await self._network.close()

    async def _call(self, made: list[int], name: str, *arguments: Any) -> Any:
        """What JavaScript answers; if nobody waits for it any more, nothing of it stays."""
        try:
            return await getattr(self._network.js_network, name)(*arguments)
        except JsException as exc:
            self._gone += made
            raise self._network.failure(exc) from exc
        except BaseException:
            self._gone += made
            raise


def _bytes(arrays: Sequence[NDArray[Any]]) -> Any:
    flat = (np.asarray(array, order="C").reshape(-1).view(np.uint8) for array in arrays)
    return js_array(flat)
