"""What an encoder's graph takes, and what is computed from it once for all layers."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from intab.convert.angles import within_a_turn
from intab.convert.builder import Builder
from intab.convert.encoders.shape import Encoder, Weights

INT64, FLOAT = ir.DataType.INT64, ir.DataType.FLOAT
FARTHEST = 128  # tokens: MPNet has one number for all that are farther from each other
BUCKETS = 32  # that MPNet's class computes, whatever relative_attention_num_buckets says


class Inputs:
    """The inputs of an encoder's graph; positions, masks and rotations are made when first used.

    `gpu`: angles are brought within a turn, which a GPU's sines need and a processor's do not.
    """

    def __init__(self, b: Builder, shape: Encoder, weights: Weights, *, gpu: bool) -> None:
        self.b, self.shape, self.weights, self.gpu = b, shape, weights, gpu
        axes = ("batch", "sequence")
        self.ids = b.input("input_ids", INT64, axes)
        self.attention_mask = b.input("attention_mask", INT64, axes)
        if weights.types is not None:
            self.types = b.input("token_type_ids", INT64, axes)
        self._masks: dict[int, ir.Value] = {}
        self._rotations: dict[float, tuple[ir.Value, ir.Value, ir.Value]] = {}

    @cached_property
    def places(self) -> ir.Value:
        """0, 1, 2 ... for each token, int64 [tokens]."""
        b = self.b
        count = b.op("Gather", b.op("Shape", self.ids), b.integer(1))
        return b.op("Range", b.integer(0), count, b.integer(1))

    @cached_property
    def positions(self) -> ir.Value:
        """Rows of the table of positions: counted over the tokens that are no padding."""
        b, padding = self.b, self.shape.padding
        if padding is None:
            return self.places
        same = b.op("Equal", self.ids, b.integer(padding))
        real = b.cast(b.op("Not", same), INT64)
        counted = b.op("Mul", b.op("CumSum", real, b.integer(1)), real)
        return b.op("Add", counted, b.integer(padding))

    def mask(self, window: int) -> ir.Value:
        """0 where a token may look and a very small number where not, and what the distance of two
        tokens adds: [batch, 1 or heads, 1 or tokens, tokens]."""
        if window not in self._masks:
            b = self.b
            seen = b.cast(self.attention_mask, ir.DataType.BOOL)
            seen = b.op("Unsqueeze", seen, b.ints(1, 2))
            if window:
                far = b.op("Greater", b.op("Abs", self._distances), b.integer(window))
                seen = b.op("And", seen, b.op("Not", far))
            # Half of the least: a score that is added to it stays finite.
            least = float(np.finfo(b.dtype.numpy()).min) / 2
            mask = b.op("Where", seen, b.scalar(0.0), b.scalar(least))
            if self.shape.buckets:
                mask = b.op("Add", mask, self._bias())
            self._masks[window] = mask
        return self._masks[window]

    @cached_property
    def _distances(self) -> ir.Value:
        """How far behind each token another one stands, int64 [tokens, tokens]."""
        b = self.b
        return b.op("Sub", self.places, b.op("Unsqueeze", self.places, b.ints(1)))

    def _bias(self) -> ir.Value:
        """What the distance of two tokens adds to each head's score, [heads, tokens, tokens]."""
        b, most, table = self.b, self.shape.positions, self.weights.distances
        assert table is not None
        by_distance = table[buckets(np.arange(-most, most + 1))].T
        rows = b.op("Add", self._distances, b.integer(most))
        return b.op("Gather", b.floats("distances", by_distance), rows, axis=1)

    def rotation(self, theta: float) -> tuple[ir.Value, ir.Value, ir.Value]:
        """Which row each token has of the cosines and sines, [tokens, pairs]."""
        if theta not in self._rotations:
            b, dim = self.b, self.shape.head_dim
            powers = np.arange(0, dim, 2, dtype=np.float32) / np.float32(dim)
            frequencies = (1.0 / np.power(np.float32(theta), powers)).astype(np.float32)
            # By way of int32: WebGPU casts no int64.
            floats = b.cast(b.cast(self.places, ir.DataType.INT32), FLOAT)
            column = b.op("Unsqueeze", floats, b.ints(1))
            angles = b.op("Mul", column, b.constant(f"rotary.{theta}", frequencies))
            angles = within_a_turn(b, angles) if self.gpu else angles
            cosines, sines = (self._table(f, angles) for f in ("Cos", "Sin"))
            rows = b.op("Expand", self.places, b.op("Shape", self.ids))
            self._rotations[theta] = (rows, cosines, sines)
        return self._rotations[theta]

    def _table(self, function: str, angles: ir.Value) -> ir.Value:
        found = self.b.op(function, angles)
        return found if self.b.dtype == FLOAT else self.b.cast(found, self.b.dtype)


def buckets(distances: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which number a distance has in MPNet.

    >>> buckets(np.array([-200, -3, 0, 3, 20])).tolist()
    [15, 3, 0, 19, 26]
    """
    return far_buckets(distances, BUCKETS, FARTHEST, both=True)


def far_buckets(
    distances: NDArray[np.int64], count: int, farthest: int, *, both: bool
) -> NDArray[np.int64]:
    """Which of `count` numbers a distance has: near ones their own, the others by logarithm, as T5
    has it. both: tokens that follow have the second half; else they are as near as can be."""
    half = count // 2 if both else count
    away = np.abs(distances) if both else np.maximum(-distances, 0)
    near = half // 2
    whole = np.float32(math.log(farthest / near))
    share = np.log(np.maximum(away, 1).astype(np.float32) / near) / whole
    far = np.minimum(near + (share * (half - near)).astype(np.int64), half - 1)
    found: NDArray[np.int64] = np.where(away < near, away, far)
    return found + half * (distances > 0) if both else found
