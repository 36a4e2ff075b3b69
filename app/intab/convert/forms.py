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

    linear: str  # of linear.py; "expanded": int8 in the file, float once loaded
    attention: str  # "products", "fused"
    dtype: ir.DataType = ir.DataType.FLOAT
    devices: tuple[str, ...] = ("wasm",)

    @property
    def bytes_a_weight(self) -> float:
        """About what a weight takes, scales included."""
        if self.linear == "float":
            return float(self.dtype.itemsize)
        return 1.02 if self.linear in ("int8", "expanded") else 0.6


_HALF = ir.DataType.FLOAT16
FORMS = {
    "fp32": Form("float", "products", devices=("wasm", "webgpu")),
    "fp16": Form("float", "fused", _HALF, ("webgpu",)),
    "q8": Form("int8", "products"),
    "q8f32": Form("expanded", "products", devices=("wasm", "webgpu")),
    "q4": Form("int4", "fused", devices=("webgpu",)),
    "q4f16": Form("int4", "fused", _HALF, ("webgpu",)),
    "bnb4": Form("nf4", "products"),
}
WATCHED = Form("watched", "products")  # for samples of what products read
SMALL = 32_000_000  # weights; as floats they take 128 MB


def form_of(dtype: str, weights: int) -> Form:
    """The form of a model with so many weights: a small one's int8 is expanded, which is faster
    for single tokens, exact for batches and guesses, and runs on every device."""
    return FORMS["q8f32" if dtype == "q8" and weights <= SMALL else dtype]
