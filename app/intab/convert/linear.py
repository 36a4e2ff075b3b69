"""How a weight is stored and multiplied: float, int8, blocks of 4 bits.

    y = multiply(b, "int8", "layers.0.qkv", x, linear)

int8 is one scale a column, no zero point, multiplied after the input was quantized on the way
(MatMulIntegerToFloat): of the wasm kernels the fastest for few rows and for many, and no less
exact than the slower ones (docs/convert.md). Expanded are the same integers in the file, multiplied
as floats.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnxruntime.capi._pybind_state import quantize_matmul_4bits, quantize_matmul_bnb4

from intab.convert.architecture import Array, Linear
from intab.convert.builder import MICROSOFT, Builder

BLOCK = 32
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
    if kind == "int8":
        return _int8(b, name, x, linear.weight, bias)
    product = _PRODUCTS[kind](b, name, x, linear.weight)
    return product if bias is None else b.op("Add", product, bias)


def _float(b: Builder, name: str, x: ir.Value, weight: Array) -> ir.Value:
    return b.op("MatMul", x, b.floats(f"{name}.weight", weight))


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


def _int8(b: Builder, name: str, x: ir.Value, weight: Array, bias: ir.Value | None) -> ir.Value:
    integers, scale = rounded(weight)
    values, x_scale, x_zero = b.ops("DynamicQuantizeLinear", [x], 3)
    return b.op(
        f"{MICROSOFT}:MatMulIntegerToFloat",
        values,
        b.constant(f"{name}.weight", integers),
        x_scale,
        b.constant(f"{name}.scale", scale),
        x_zero,
        None,
        bias,
    )


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


def int4_blocks(b: Builder, name: str, weight: Array) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Blocks of 32 inputs: values [outputs, blocks, 16], scales and zero points."""
    inputs, outputs = weight.shape
    blocks = -(-inputs // BLOCK)
    packed = np.zeros((outputs, blocks, BLOCK // 2), np.uint8)
    scale = np.zeros(outputs * blocks, np.float32)
    zero = np.zeros(outputs * (-(-blocks // 2)), np.uint8)
    whole = np.ascontiguousarray(weight)
    quantize_matmul_4bits(packed, whole, scale, zero, BLOCK, outputs, inputs, False)
    return (
        b.constant(f"{name}.weight", packed),
        b.floats(f"{name}.scale", scale.reshape(outputs, blocks)),
        b.constant(f"{name}.zero", zero.reshape(outputs, -1)),
    )


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
    "expanded": _expanded,
    "int4": _int4,
    "nf4": _nf4,
}
