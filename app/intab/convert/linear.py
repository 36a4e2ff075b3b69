"""How a weight is stored and multiplied: float, int8, blocks of 4 bits.

    y = multiply(b, "int8", "layers.0.qkv", x, linear)

int8 is one scale a column, no zero point, multiplied after the input was quantized on the way
(MatMulIntegerToFloat): of the wasm kernels the fastest for few rows and for many, and no less
exact than the slower ones (docs/convert.md).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from intab.convert.architecture import Array, Linear
from intab.convert.builder import MICROSOFT, Builder


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


_PRODUCTS: dict[str, Callable[[Builder, str, ir.Value, Array], ir.Value]] = {"float": _float}
