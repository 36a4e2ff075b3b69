"""The forms a graph is written in, one for each dtype; docs/convert.md has the figures.

`linear` is how a weight is stored and multiplied, `attention` which nodes compute it, `devices`
where the graph is meant to run: every node must have a kernel there.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir


@dataclass(frozen=True)
class Form:
    """How one dtype's graph is written."""

    linear: str  # "float", "int8", "int4", "nf4"
    attention: str  # "products", "fused"
    dtype: ir.DataType = ir.DataType.FLOAT
    devices: tuple[str, ...] = ("wasm",)

    @property
    def bytes_a_weight(self) -> float:
        """About what a weight takes, scales included."""
        if self.linear == "float":
            return float(self.dtype.itemsize)
        return 1.02 if self.linear == "int8" else 0.6


_HALF = ir.DataType.FLOAT16
FORMS = {
    "fp32": Form("float", "products", devices=("wasm", "webgpu")),
    "fp16": Form("float", "fused", _HALF, ("webgpu",)),
    "q8": Form("int8", "products"),
    "q4": Form("int4", "fused", devices=("webgpu",)),
    "q4f16": Form("int4", "fused", _HALF, ("webgpu",)),
    "bnb4": Form("nf4", "products"),
}
