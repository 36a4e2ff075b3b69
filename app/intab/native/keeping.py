"""Networks over onnxruntime in CPython that keep outputs as OrtValues: `KeepingNetwork`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.keeping import check_handles
from intab.engine.runtime.network import Arrays
from intab.native.bodies import NativeBody
from intab.native.kv_cache import ort_value
from intab.native.onnx import OnnxNetwork, open_network


async def open_keeping(graph: Graph[NativeBody]) -> OnnxKeeping:
    """Make a network of a graph; DeviceError where onnxruntime refuses it."""
    return OnnxKeeping(await open_network(graph))


class OnnxKeeping:
    """An OnnxNetwork whose outputs may stay."""

    def __init__(self, network: OnnxNetwork) -> None:
        self._network = network
        self.inputs, self.outputs = network.inputs, network.outputs
        self.device = network.device

    lost = False  # processors stay

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        """The outputs of these names, or all of them."""
        return await self._network.run(feeds, outputs)

    async def put(self, arrays: Sequence[NDArray[Any]]) -> list[ort.OrtValue]:
        """Tensors of these values."""
        return [ort_value(array) for array in arrays]

    async def compute(
        self, feeds: Mapping[str, Any], read: Sequence[str], keep: Sequence[str] = ()
    ) -> tuple[Arrays, dict[str, ort.OrtValue]]:
        """Run once."""
        check_handles(self.inputs, feeds)
        given = {
            name: value if isinstance(value, ort.OrtValue) else ort_value(value)
            for name, value in feeds.items()
        }
        found = await self._network.compute(partial(_run, [*read, *keep], given))
        arrays = [value.numpy() for value in found[: len(read)]]
        cut = [array[:, -1:] if array.ndim == 3 else array for array in arrays]
        return dict(zip(read, cut, strict=True)), dict(zip(keep, found[len(read) :], strict=True))

    async def take(
        self, kept: Sequence[ort.OrtValue], sequences: Sequence[int]
    ) -> list[ort.OrtValue]:
        """Tensors with these sequences."""
        chosen = list(sequences)
        return [ort_value(np.take(value.numpy(), chosen, axis=0)) for value in kept]

    def drop(self, kept: Iterable[ort.OrtValue], *, now: bool = False) -> None:
        """Nothing: Python gives them back."""

    async def close(self) -> None:
        """Drop the onnxruntime session."""
        await self._network.close()


def _run(
    names: list[str], feeds: Mapping[str, ort.OrtValue], session: ort.InferenceSession
) -> list[ort.OrtValue]:
    found: list[ort.OrtValue] = session.run_with_ort_values(names, feeds)
    return found
