"""A written graph as the engine's `Network`, over native onnxruntime; coroutines run at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

from intab.convert.running import open_graph, refused
from intab.engine.hub.manifest import EXPANDING
from intab.engine.runtime.network import Arrays, TensorInfo

T = TypeVar("T")
_DTYPES = {"float": "float32", "double": "float64"}


class NativeNetwork:
    """A graph that is open; ConvertError if onnxruntime refuses it."""

    device, lost = "cpu", False

    def __init__(self, path: Path) -> None:
        self._path, self._session = path, open_graph(path, EXPANDING)
        self.inputs = [_info(node) for node in self._session.get_inputs()]
        self.outputs = [_info(node) for node in self._session.get_outputs()]

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        """The outputs of these names, or all of them."""
        names = list(outputs or [info.name for info in self.outputs])
        try:
            return dict(zip(names, self._session.run(names, dict(feeds)), strict=True))
        except Exception as exc:  # onnxruntime's exceptions share no public base
            raise refused(self._path, exc) from exc

    async def close(self) -> None:
        """Nothing: the session goes with this."""


def _info(node: Any) -> TensorInfo:
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in node.shape)
    return TensorInfo(node.name, _DTYPES.get(kind, kind), shape)


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, whether or not a loop runs in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
