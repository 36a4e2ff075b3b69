"""How a weight is stored and multiplied: float, int8, blocks of 4 bits.

    y = multiply(b, "int8", "layers.0.qkv", x, linear)

int8 is one scale a column, no zero point. The input is quantized on the way, each row by its own
largest element: a row is then the same alone and beside others, and one with large elements takes
nothing from the others' precision (docs/convert.md). Expanded are the same integers in the file,
multiplied as floats. Watched are floats, and what they are multiplied with is an output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnxruntime.capi._pybind_state import quantize_matmul_bnb4

from intab.convert.architecture import Array, Linear
from intab.convert.blocks import BLOCK, Blocks, fit
from intab.convert.builder import MICROSOFT, Builder
from intab.convert.feedback import blocks_in_turn

READ = "read."  # of the names of the outputs that give what a watched product reads
STEPS, ZERO = 127, 128  # of a row's bytes: on either side of 0, and where 0 is
NF4_BLOCK = 64
NF4 = 1  # MatMulBnb4's quant_type


def rounded(weight: Array) -> tuple[NDArray[np.int8], Array]:
    """Symmetric int8 with a scale a column: [inputs, outputs] and [outputs].

    >>> rounded(np.float32([[127, 0], [-2, 4]]))[1]
    array([1.        , 0.03149606], dtype=float32)
    """
    largest = np.abs(weight).max(axis=0)
    scale = (np.maximum(largest, 1e-12) / 127).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


def multiply(b: Builder, kind: str, name: str, x: ir.Value, linear: Linear) -> ir.Value:
    """x @ weight + bias in the form `kind` of forms.py."""
    bias = None if linear.bias is None else b.floats(f"{name}.bias", linear.bias)
    product = _PRODUCTS[kind](b, name, x, linear.weight)
    return product if bias is None else b.op("Add", product, bias)


def _float(b: Builder, name: str, x: ir.Value, weight: Array) -> ir.Value:
    return b.op("MatMul", x, b.floats(f"{name}.weight", weight))


def _watched(b: Builder, name: str, x: ir.Value, weight: Array) -> ir.Value:
    give_read(b, name, x, weight.shape[0])
    return _float(b, name, x, weight)


def give_read(b: Builder, name: str, x: ir.Value, inputs: int) -> None:
    """Make what a product reads an output."""
    b.output(x, f"{READ}{name}", ["batch", "rows", inputs])


def _expanded(b: Builder, name: str, x: ir.Value, weight: Array) -> ir.Value:
    return b.op("MatMul", x, dequantized(b, name, weight))


def dequantized(b: Builder, name: str, weight: Array) -> ir.Value:
    """The weight rounded to int8; onnxruntime makes it float again while it loads the graph, given
    the session option in EXPANDING (engine/hub/manifest.py)."""

    def make() -> ir.Value:
        integers, scale = rounded(weight)
        given = (b.constant(f"{name}.weight", integers), b.constant(f"{name}.scale", scale))
        return b.op("DequantizeLinear", *given, axis=1)

    return b.once(f"{name}.float", make)


def _int8(b: Builder, name: str, x: ir.Value, weight: Array) -> ir.Value:
    integers, scale = rounded(weight)
    weights = (b.constant(f"{name}.weight", integers), b.constant(f"{name}.scale", scale))
    return product_of_rows(b, quantized_rows(b, x), *weights)


@dataclass(frozen=True)
class Rows:
    """Rows as bytes, ZERO is 0, and each one's largest element, which is STEPS of them."""

    values: ir.Value
    largest: ir.Value


def quantized_rows(b: Builder, x: ir.Value) -> Rows:
    """Each row rounded by its own largest element. One of zeros becomes some bytes, times 0."""
    largest = b.op("ReduceMax", b.op("Abs", x), b.ints(-1), keepdims=1)
    shares = b.op("Div", x, largest)
    return Rows(b.op("QuantizeLinear", shares, b.scalar(1 / STEPS), _zero(b)), largest)


def product_of_rows(
    b: Builder, rows: Rows, weight: ir.Value, scale: ir.Value, zero: ir.Value | None = None
) -> ir.Value:
    """The rows @ ((weight - zero) * scale)."""
    given = (rows.values, weight, b.scalar(1 / STEPS), scale, _zero(b), zero)
    return b.op("Mul", b.op(f"{MICROSOFT}:MatMulIntegerToFloat", *given), rows.largest)


def _zero(b: Builder) -> ir.Value:
    return b.constant("uint8.zero", np.array(ZERO, np.uint8))


def _int4(b: Builder, name: str, x: ir.Value, weight: Array) -> ir.Value:
    inputs, outputs = weight.shape
    return b.op(
        f"{MICROSOFT}:MatMulNBits",
        x,
        *int4_blocks(b, name, weight),
        K=inputs,
        N=outputs,
        bits=4,
        block_size=BLOCK,
        accuracy_level=4,
    )


def int4_blocks(
    b: Builder, name: str, weight: Array, *, read: bool = False
) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Blocks of 32 inputs: values [outputs, blocks, 16], scales and zero points.
    `read`: outputs are looked up too, so that each weight is to be near what it was."""

    def make() -> tuple[ir.Value, ir.Value, ir.Value]:
        fitted = _fitted(weight, b.samples.get(name), read=read)
        return (
            b.constant(f"{name}.weight", fitted.packed_values()),
            b.floats(f"{name}.scale", fitted.scales),
            b.constant(f"{name}.zero", fitted.packed_zeros()),
        )

    return b.once(f"{name}.blocks", make)


def _fitted(weight: Array, sample: Array | None, *, read: bool) -> Blocks:
    if sample is None:
        return fit(weight)
    return fit(weight, np.square(sample).mean(0)) if read else blocks_in_turn(weight, sample)


def _nf4(b: Builder, name: str, x: ir.Value, weight: Array) -> ir.Value:
    inputs, outputs = weight.shape
    packed = np.zeros((weight.size + 1) // 2, np.uint8)
    largest = np.zeros(-(-weight.size // NF4_BLOCK), np.float32)
    rows = np.ascontiguousarray(weight.T)
    quantize_matmul_bnb4(packed, rows, largest, NF4_BLOCK, NF4, outputs, inputs)
    return b.op(
        f"{MICROSOFT}:MatMulBnb4",
        x,
        b.constant(f"{name}.weight", packed),
        b.constant(f"{name}.largest", largest),
        K=inputs,
        N=outputs,
        block_size=NF4_BLOCK,
        quant_type=NF4,
    )


_PRODUCTS: dict[str, Callable[[Builder, str, ir.Value, Array], ir.Value]] = {
    "float": _float,
    "watched": _watched,
    "expanded": _expanded,
    "int8": _int8,
    "int4": _int4,
    "nf4": _nf4,
}
