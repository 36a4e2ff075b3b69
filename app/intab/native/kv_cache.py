"""The cache of some sequences in CPython, in OrtValues that go from run to run.

A graph gives back all rows, which take the place of those before, or the new rows alone: these are
written into arrays with room for more, on which onnxruntime's tensors lie. States, which have no
rows of tokens, take the place of those before.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from intab.engine.runtime.cache_slots import CacheSlot
from intab.engine.runtime.decoder_plan import DecoderPlan

BLOCK = 128  # rows by which room grows
Arrays = dict[str, NDArray[Any]]


class KvCache:
    """Tensors by the names of the past inputs; forks share them until one of them is written to."""

    tensors: dict[str, ort.OrtValue]
    _arrays: Arrays
    _shared: bool

    def __init__(self, plan: DecoderPlan, arrays: Arrays) -> None:
        self._plan = plan
        self._rows = [slot for slot in plan.caches if slot.rows is not None]
        self._lie_on(arrays)

    @classmethod
    def empty(cls, plan: DecoderPlan, batch: int) -> KvCache:
        """Without a row; states are zeros."""
        slots = plan.caches
        return cls(
            plan, {slot.past: np.zeros(slot.empty_shape(batch), slot.dtype) for slot in slots}
        )

    @property
    def room(self) -> int:
        """Rows of each sequence, those included that nothing was written to."""
        slot = next(iter(self._rows), None)
        return int(self.tensors[slot.past].shape()[slot.rows]) if slot else 0

    def keep(self, present: Sequence[ort.OrtValue], length: int) -> None:
        """Take in what a run gave, after `length` rows of each sequence."""
        found = {slot.past: value for slot, value in zip(self._plan.caches, present, strict=True)}
        if not self._plan.roomy:
            self.tensors = found
            return
        self._write({slot: found[slot.past].numpy() for slot in self._rows}, length)

    def fork(self) -> KvCache:
        """The same rows for another session."""
        self._shared = True
        return copy.copy(self)

    def cut(self, sequences: Sequence[int], length: int) -> None:
        """Keep, repeat and reorder sequences; only the first `length` rows of each."""
        if not self._plan.roomy:
            arrays = {name: value.numpy() for name, value in self.tensors.items()}
            self._lie_on(
                {
                    slot.past: _part(slot, arrays[slot.past], sequences, length)
                    for slot in self._plan.caches
                }
            )
        elif list(sequences) != list(range(self._batch)):
            self._move(sequences, length, length)

    def clear(self) -> None:
        """Nothing is kept any more."""
        self._arrays, self.tensors = {}, {}

    @property
    def _batch(self) -> int:
        slot = self._rows[0]
        return int(self._arrays[slot.past].shape[slot.batch])

    def _write(self, rows: Mapping[CacheSlot, NDArray[Any]], length: int) -> None:
        """New rows behind the first `length`."""
        slot, first = next(iter(rows.items()))
        new = first.shape[slot.rows or 0]
        if self._shared or length + new > self.room:
            self._move(range(first.shape[slot.batch]), length, length + new)
        for slot, found in rows.items():
            _rows_of(slot, self._arrays[slot.past], length, length + new)[...] = found

    def _move(self, sequences: Sequence[int], length: int, least: int) -> None:
        """To new arrays with room for at least so many rows; the empty ones are zeros, since what
        lies there is multiplied, if only by zero."""
        room = -(-least // BLOCK) * BLOCK
        moved: Arrays = {}
        for slot in self._plan.caches:
            array = self.tensors[slot.past].numpy()
            part = _part(slot, array, sequences, length)
            moved[slot.past] = np.zeros(slot.empty_shape(len(sequences), room), array.dtype)
            _rows_of(slot, moved[slot.past], 0, length)[...] = part
        self._lie_on(moved)

    def _lie_on(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self.tensors = {
            name: ort.OrtValue.ortvalue_from_numpy(array) for name, array in self._arrays.items()
        }
        self._shared = False


def _part(
    slot: CacheSlot, array: NDArray[Any], sequences: Sequence[int], length: int
) -> NDArray[Any]:
    """Of those sequences, the first `length` rows; of a state all."""
    kept = _rows_of(slot, array, 0, length)
    return np.asarray(np.take(kept, list(sequences), axis=slot.batch))


def _rows_of(slot: CacheSlot, array: NDArray[Any], start: int, end: int) -> NDArray[Any]:
    """A view of some rows; of a state as it is."""
    if slot.rows is None:
        return array
    return array[(slice(None),) * slot.rows + (slice(start, end),)]


def ort_value(array: NDArray[Any]) -> ort.OrtValue:
    """A tensor of the values."""
    return ort.OrtValue.ortvalue_from_numpy(np.array(array, order="C"))
