"""What computes: a `Network` is a loaded graph, which is fed arrays and gives arrays.

    outputs = await network.run({"input_ids": ids, "attention_mask": mask})
    outputs["logits"]

Both runtimes and the tests' fakes keep this protocol; the tests' network_contract.py says what that
means. It knows neither ids nor text, and nothing of what its graph is for; a decoder with sessions
stands on top (decoder.py).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from intab.errors import RunError

Arrays = dict[str, NDArray[Any]]
# What a graph may take and give, by numpy's names.
DTYPES = ("float32", "float16", "int64", "int32", "bool", "uint8", "int8")


@dataclass(frozen=True)
class TensorInfo:
    """One input or output: its dtype ("float32", "int64" ...) and shape; unknown sizes are None."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name} ({self.dtype} [{sizes}])"


class Elsewhere:
    """An array of one row whose values are where networks compute: numpy may have them by
    np.asarray, and the row is fed without that."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.shape = shape
        self.ndim = len(shape)
        self.dtype = np.dtype(dtype)

    def values(self) -> NDArray[Any]:
        """Its values, brought into Python's memory."""
        raise NotImplementedError

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """For numpy."""
        return self.values().astype(dtype or self.dtype, copy=bool(copy))

    def batched(self) -> NDArray[Any]:
        """With an axis of batches, for a feed."""
        row = copy.copy(self)
        row.shape, row.ndim = (1, *self.shape), self.ndim + 1
        return cast(NDArray[Any], row)


def elsewhere(value: object) -> Elsewhere | None:
    """It, if its values are elsewhere."""
    return value if isinstance(value, Elsewhere) else None


Signature = tuple[Sequence[TensorInfo], Sequence[TensorInfo]]  # inputs, outputs


class Network(Protocol):
    """A graph that is ready to run."""

    @property
    def device(self) -> str:
        """Where it runs and how, e.g. "wasm, 2 threads"."""

    @property
    def lost(self) -> bool:
        """Whether the device it ran on is gone."""

    @property
    def inputs(self) -> Sequence[TensorInfo]:
        """The inputs of the graph."""

    @property
    def outputs(self) -> Sequence[TensorInfo]:
        """The outputs of the graph."""

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        """The outputs of these names, or all of them, for an array for each input.

        RunError if an input is missing, unknown, or of another dtype or shape than the graph
        says, and if onnxruntime fails. Runs of one network queue.
        """

    async def close(self) -> None:
        """Give everything back; may be called twice."""


def check_feeds(inputs: Sequence[TensorInfo], feeds: Mapping[str, NDArray[Any]]) -> Arrays:
    """The arrays as a runtime takes them, in the order of the inputs; RunError names what is
    wrong."""
    known = {info.name: info for info in inputs}
    takes = f"the graph takes {', '.join(map(str, inputs)) or 'nothing'}"
    if unknown := [name for name in feeds if name not in known]:
        raise RunError(f"The graph has no input {unknown[0]!r}: {takes}.")
    if missing := [name for name in known if name not in feeds]:
        raise RunError(f"The input {missing[0]} is missing: {takes}.")
    return {name: _checked(info, feeds[name]) for name, info in known.items()}


def _checked(info: TensorInfo, value: NDArray[Any]) -> NDArray[Any]:
    if info.dtype not in DTYPES:
        raise RunError(f"The graph takes {info}, and only {', '.join(DTYPES)} can be given.")
    if elsewhere(value) is None and not isinstance(value, np.ndarray):
        raise RunError(f"{info.name} must be a numpy array, not {type(value).__name__}.")
    if value.dtype.name != info.dtype:
        raise RunError(
            f"{info.name} is an array of {value.dtype.name}, and the graph takes {info}: "
            f"pass {info.name}.astype({info.dtype!r})."
        )
    sizes = zip(info.shape, value.shape, strict=False)
    if len(value.shape) != len(info.shape) or any(a not in (None, b) for a, b in sizes):
        raise RunError(
            f"{info.name} has the shape {list(value.shape)}, and the graph takes {info}."
        )
    if elsewhere(value):
        return value
    # Contiguous, in this machine's order of bytes; ascontiguousarray would make an axis for none.
    return np.asarray(value, info.dtype, order="C")


def choose_outputs(outputs: Sequence[TensorInfo], wanted: Sequence[str] | None) -> list[str]:
    """The names of those that are wanted; RunError for one that is not there or is no array."""
    known = {info.name: info for info in outputs}
    names = list(known) if wanted is None else list(dict.fromkeys(wanted))
    if not names:  # for which onnxruntime would give all of them
        raise RunError("No output is wanted: name some, or leave outputs out for all of them.")
    for name in names:
        if name not in known:
            raise RunError(f"The graph has no output {name!r}; it gives {', '.join(known)}.")
        if known[name].dtype not in DTYPES:
            raise RunError(
                f"The graph gives {known[name]}, and only {', '.join(DTYPES)} can be read: "
                "name the outputs that are wanted."
            )
    return names
