"""Angles brought within half a turn of 0 before their sine and cosine are taken.

A GPU's own Sin and Cos guarantee nothing for large angles: on the software adapter they were off by
0.01 at position 131,072. The angle stays what float32 makes of position times frequency, as in
transformers; only whole turns are taken away, in three parts whose products with the number of
turns are exact for up to 4 million radians.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from intab.convert.builder import Builder

# 2 pi: five bits, five bits, the rest; all of float32.
PARTS = (6.25, 17 / 512, 2 * math.pi - 6.25 - 17 / 512)


def within_a_turn(b: Builder, angles: ir.Value) -> ir.Value:
    """The float32 angles less their whole turns: from -pi to pi."""

    def number(name: str, value: float) -> ir.Value:
        return b.constant(f"turn.{name}", np.array(value, np.float32))

    share = b.op("Mul", angles, number("share", 1 / (2 * math.pi)))
    turns = b.op("Floor", b.op("Add", share, number("half", 0.5)))
    for place, part in enumerate(PARTS):
        angles = b.op("Sub", angles, b.op("Mul", turns, number(f"part.{place}", part)))
    return angles
