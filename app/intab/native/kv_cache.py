"""The KV cache of some sequences in CPython, in OrtValues that go from run to run.

A graph gives back all rows, which take the place of those before, or the new rows alone: these are
written into arrays with room for more, on which onnxruntime's tensors lie.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from intab.engine.graph import GraphPlan

BLOCK = 128  # rows by which room grows
Arrays = dict[str, NDArray[Any]]


class KvCache:
    """Tensors by the names of the past inputs; forks share them until one of them is written to."""

    tensors: dict[str, ort.OrtValue]
    _arrays: Arrays
    _shared: bool

    def __init__(self, plan: GraphPlan, arrays: Arrays) -> None:
        self._plan = plan
        self._lie_on(arrays)

    @classmethod
    def empty(cls, plan: GraphPlan, batch: int) -> KvCache:
        """Without a row."""
        shapes = {slot: (batch, slot.heads, 0, slot.dim) for slot in plan.caches}
        return cls(plan, {slot.past: np.zeros(shape, slot.dtype) for slot, shape in shapes.items()})

    @property
    def room(self) -> int:
        """Rows of each sequence, those included that nothing was written to."""
        return next((int(value.shape()[2]) for value in self.tensors.values()), 0)

    def keep(self, present: Sequence[ort.OrtValue], length: int) -> None:
        """Take in what a run gave, after `length` rows of each sequence."""
        found = {slot.past: value for slot, value in zip(self._plan.caches, present, strict=True)}
        if self._plan.cache_position is None:
            self.tensors = found
            return
        rows = {name: value.numpy() for name, value in found.items()}
        batch, _, new, _ = next(iter(rows.values())).shape
        if self._shared or length + new > self.room:
            self._move(range(batch), length, length + new)
        for name, array in self._arrays.items():
            array[:, :, length : length + new] = rows[name]

    def fork(self) -> KvCache:
        """The same rows for another session."""
        self._shared = True
        return copy.copy(self)

    def cut(self, sequences: Sequence[int], length: int) -> None:
        """Keep, repeat and reorder sequences; only the first `length` rows of each."""
        if self._plan.cache_position is None:
            arrays = {name: value.numpy() for name, value in self.tensors.items()}
            self._lie_on({name: found[sequences, :, :length] for name, found in arrays.items()})
        elif list(sequences) != list(range(len(next(iter(self._arrays.values()))))):
            self._move(sequences, length, length)

    def clear(self) -> None:
        """Nothing is kept any more."""
        self._arrays, self.tensors = {}, {}

    def _move(self, sequences: Sequence[int], length: int, least: int) -> None:
        """To new arrays with room for at least so many rows; the empty ones are zeros, since what
        lies there is multiplied, if only by zero."""
        room = -(-least // BLOCK) * BLOCK
        moved: Arrays = {}
        for name, array in self._arrays.items():
            _, heads, _, dim = array.shape
            moved[name] = np.zeros((len(sequences), heads, room, dim), array.dtype)
            moved[name][:, :, :length] = array[list(sequences), :, :length]
        self._lie_on(moved)

    def _lie_on(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self.tensors = {
            name: ort.OrtValue.ortvalue_from_numpy(array) for name, array in self._arrays.items()
        }
        self._shared = False


def ort_value(array: NDArray[Any]) -> ort.OrtValue:
    """A tensor of the values."""
    return ort.OrtValue.ortvalue_from_numpy(np.array(array, order="C"))
