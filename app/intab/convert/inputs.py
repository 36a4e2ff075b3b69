"""What a decoder graph takes, and what is computed from it once for all layers.

Masks, cosines and sines are made in the graph from the ids' positions: tables of them for a whole
context of 131,072 would be 32 MiB of download.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import onnx_ir as ir

from intab.convert.angles import within_a_turn
from intab.convert.architecture import Architecture, Rotary
from intab.convert.builder import Builder

INT64 = ir.DataType.INT64
FLOAT = ir.DataType.FLOAT


class Inputs:
    """The inputs of a decoder graph; positions, masks and rotations are made when first used.

    `roomy`: the cache has room for more tokens and is only read; else it grows by the new ones.
    `gpu`: angles are brought within a turn, which a GPU's sines need and a processor's do not.
    """

    def __init__(
        self, b: Builder, arch: Architecture, *, roomy: bool = False, gpu: bool = False
    ) -> None:
        self.b, self.arch, self.roomy, self.gpu = b, arch, roomy, gpu
        self.ids = b.input("input_ids", INT64, ["batch", "new"])
        self.attention_mask = b.input(
            "attention_mask", INT64, ["batch", "room + new" if roomy else "total"]
        )
        self._masks: dict[tuple[int, int], ir.Value] = {}
        self._tables: dict[str, tuple[ir.Value, ir.Value]] = {}
        self._rotations: dict[str, tuple[ir.Value, ir.Value, ir.Value]] = {}

    @cached_property
    def rows(self) -> ir.Value:
        """How many rows of logits are wanted, 0: all. It is transformers' older name, which
        Transformers.js feeds."""
        return self.b.input("num_logits_to_keep", INT64, [])

    @cached_property
    def positions(self) -> ir.Value:
        """Each new token's position; an input of the graphs that ask for it."""
        return self.b.input("position_ids", INT64, ["batch", "new"])

    @cached_property
    def cache_position(self) -> ir.Value:
        """Where the new tokens' keys and values will lie, int64 [new]: after all that are there."""
        return self.b.input("cache_position", INT64, ["new"])

    @cached_property
    def total(self) -> ir.Value:
        """Tokens before and new ones, an int64 scalar."""
        if not self.roomy:
            return self._length(self.attention_mask)
        last = self.b.op("ReduceMax", self.cache_position, keepdims=0)
        return self.b.op("Add", last, self.b.integer(1))

    @cached_property
    def room_and_new(self) -> ir.Value:
        """How many columns of scores belong to the cache and how many to the new tokens, [2]."""
        b = self.b
        columns = b.op("Shape", self.attention_mask, start=1, end=2)
        new = b.op("Shape", self.ids, start=1, end=2)
        return b.op("Concat", b.op("Sub", columns, new), new, axis=0)

    def _cache_shape(self, length: str) -> list[int | str]:
        return ["batch", self.arch.kv_heads, length, self.arch.head_dim]

    def past(self, layer: int, part: str) -> ir.Value:
        """The keys or values of the tokens before."""
        shape = self._cache_shape("room" if self.roomy else "past")
        return self.b.input(f"past_key_values.{layer}.{part}", self.b.dtype, shape)

    def give_present(self, layer: int, part: str, value: ir.Value) -> None:
        """Keys or values for the next run: of the new tokens where the cache has room for them."""
        shape = self._cache_shape("new" if self.roomy else "total")
        self.b.output(value, f"present.{layer}.{part}", shape)

    def last_rows(self, value: ir.Value) -> ir.Value:
        """[batch, new, n] -> [batch, rows, n], the last ones."""
        b = self.b
        start = b.op("Unsqueeze", b.op("Neg", self.rows), b.ints(0))
        return b.op("Slice", value, start, b.ints(np.iinfo(np.int64).max), b.ints(1))

    def _length(self, value: ir.Value) -> ir.Value:
        """The size of the second dimension, an int64 scalar."""
        return self.b.op("Gather", self.b.op("Shape", value), self.b.integer(1))

    def mask(self, window: int) -> ir.Value:
        """0 where a new token may look and the least float where not: [batch, 1, groups * new,
        columns], the rows once for each query head that shares the keys."""
        key = (window, self.arch.groups)
        if key not in self._masks:
            b = self.b
            least = b.scalar(float(np.finfo(b.dtype.numpy()).min))
            mask = b.op("Where", self._visible(window), b.scalar(0.0), least)
            if self.arch.groups > 1:
                mask = b.op("Concat", *[mask] * self.arch.groups, axis=2)
            self._masks[key] = mask
        return self._masks[key]

    def _visible(self, window: int) -> ir.Value:
        """[batch, 1, new, columns] bool: no padding, not empty, not later, within the window."""
        b = self.b
        columns, rows = self._places_with_room() if self.roomy else self._places()
        visible = b.op("LessOrEqual", columns, rows)  # [new, columns]
        if window:
            near = b.op("Less", b.op("Sub", rows, columns), b.integer(window))
            visible = b.op("And", visible, near)
        given = b.op("Cast", self.attention_mask, to=int(ir.DataType.BOOL))
        return b.op("And", visible, b.op("Unsqueeze", given, b.ints(1, 2)))

    def _places(self) -> tuple[ir.Value, ir.Value]:
        """Of all tokens [total] and of the new ones [new, 1]."""
        b, total = self.b, self.total
        past = b.op("Sub", total, self._length(self.ids))
        rows = b.op("Range", past, total, b.integer(1))
        return b.op("Range", b.integer(0), total, b.integer(1)), b.op("Unsqueeze", rows, b.ints(1))

    def _places_with_room(self) -> tuple[ir.Value, ir.Value]:
        """Of the cache's rows and the new tokens [room + new], and of the new ones [new, 1]."""
        b = self.b
        room = b.op("Gather", self.room_and_new, b.integer(0))
        before = b.op("Range", b.integer(0), room, b.integer(1))
        columns = b.op("Concat", before, self.cache_position, axis=0)
        return columns, b.op("Unsqueeze", self.cache_position, b.ints(1))

    def rotation(self, name: str) -> tuple[ir.Value, ir.Value, ir.Value]:
        """Which row each new token has of the cosines and sines, [batch * new, pairs]."""
        if name not in self._rotations:
            rows = self._row_numbers()
            self._rotations[name] = (rows, *self._cos_sin(self.positions, name))
        return self._rotations[name]

    def _cos_sin(self, positions: ir.Value, name: str) -> tuple[ir.Value, ir.Value]:
        b, rotary = self.b, self.arch.rotaries[name]
        # By way of int32: WebGPU casts no int64.
        floats = b.cast(b.cast(positions, ir.DataType.INT32), FLOAT)
        column = b.op("Reshape", floats, b.ints(-1, 1))
        angles = b.op("Mul", column, self._frequencies(rotary, name))
        angles = within_a_turn(b, angles) if self.gpu else angles
        cosines, sines = (self._scaled(b.op(f, angles), rotary, name) for f in ("Cos", "Sin"))
        return cosines, sines

    def tables(self, name: str) -> tuple[ir.Value, ir.Value]:
        """Cosines and sines of all positions so far, [total, pairs]."""
        if name not in self._tables:
            b = self.b
            numbers = b.op("Range", b.integer(0), self.total, b.integer(1))
            self._tables[name] = self._cos_sin(numbers, name)
        return self._tables[name]

    @cached_property
    def lengths(self) -> tuple[ir.Value, ir.Value]:
        """As GroupQueryAttention wants them: each sequence's last position, all tokens; int32."""
        b, int32 = self.b, ir.DataType.INT32
        given = b.op("ReduceSum", self.attention_mask, b.ints(1), keepdims=0)
        return b.cast(b.op("Sub", given, b.ints(1)), int32), b.cast(self.total, int32)

    def _row_numbers(self) -> ir.Value:
        b = self.b
        shape = b.op("Shape", self.ids)
        count = b.op("ReduceProd", shape, keepdims=0)
        return b.op("Reshape", b.op("Range", b.integer(0), count, b.integer(1)), shape)

    def _frequencies(self, rotary: Rotary, name: str) -> ir.Value:
        b = self.b
        short = b.constant(f"rotary.{name}", rotary.frequencies)
        if rotary.long is None:
            return short
        beyond = b.op("Greater", self.total, b.integer(rotary.switch_at))
        return b.op("Where", beyond, b.constant(f"rotary.{name}.long", rotary.long), short)

    def _scaled(self, table: ir.Value, rotary: Rotary, name: str) -> ir.Value:
        if rotary.factor != 1.0:
            factor = np.array(rotary.factor, np.float32)
            table = self.b.op("Mul", table, self.b.constant(f"rotary.{name}.factor", factor))
        return table if self.b.dtype == FLOAT else self.b.cast(table, self.b.dtype)
