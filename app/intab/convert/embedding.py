"""The embedding and lm_head, which may share one weight.

A shared int8 weight lies as lm_head wants it, [hidden, vocabulary]; a token's column of it is
gathered and turned, which costs little for a few tokens and saves a second copy in the file.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx_ir as ir

from intab.convert.architecture import Linear, Weights
from intab.convert.blocks import BLOCK
from intab.convert.builder import Builder
from intab.convert.forms import Form
from intab.convert.inputs import Inputs
from intab.convert.linear import dequantized, give_read, int4_blocks, multiply, rounded

NAME = "lm_head"


def embed(b: Builder, inputs: Inputs, weights: Weights, form: Form) -> ir.Value:
    """input_ids -> [batch, new, hidden]."""
    x = look_up(b, inputs.ids, weights, form)
    scale, divisor = inputs.arch.embedding_scale, weights.embedding_divisor
    if divisor is not None:
        x = b.op("Mul", x, b.floats("embedding.scale", np.float32(scale) / divisor))
    elif scale != 1.0:
        x = b.op("Mul", x, b.scalar(scale))
    if weights.positions is not None:
        table = b.floats("positions", weights.positions)
        x = b.op("Add", x, b.op("Gather", table, inputs.positions))
    return x


def look_up(b: Builder, ids: ir.Value, weights: Weights, form: Form) -> ir.Value:
    """The embedding's rows of ids [batch, new]."""
    return _EMBED[form.linear](b, ids, weights)


def lm_head(b: Builder, x: ir.Value, weights: Weights, form: Form) -> ir.Value:
    """[batch, rows, hidden] -> [batch, rows, vocabulary]."""
    if weights.lm_head is None and form.linear in ("float", "watched"):
        table = b.floats("embedding", weights.embedding)
        if form.linear == "watched":
            give_read(b, NAME, x, weights.embedding.shape[1])
        return b.op("MatMul", x, b.op("Transpose", table, perm=[1, 0]))
    head = weights.lm_head or Linear(weights.embedding.T)
    return multiply(b, form.linear, NAME, x, head)


def _float(b: Builder, ids: ir.Value, weights: Weights) -> ir.Value:
    return b.op("Gather", b.floats("embedding", weights.embedding), ids)


def _int8(b: Builder, ids: ir.Value, weights: Weights) -> ir.Value:
    name = _name(weights)
    integers, scale = rounded(weights.embedding.T)
    columns = b.op("Gather", b.constant(f"{name}.weight", integers), ids, axis=1)
    rows = b.op("Transpose", b.cast(columns, b.dtype), perm=[1, 2, 0])
    scales = b.op("Gather", b.constant(f"{name}.scale", scale), ids)
    return b.op("Mul", rows, b.op("Unsqueeze", scales, b.ints(2)))


def _expanded(b: Builder, ids: ir.Value, weights: Weights) -> ir.Value:
    table = dequantized(b, _name(weights), weights.embedding.T)
    return b.op("Transpose", b.op("Gather", table, ids, axis=1), perm=[1, 2, 0])


def _int4(b: Builder, ids: ir.Value, weights: Weights) -> ir.Value:
    if weights.embedding.shape[1] % (2 * BLOCK):
        return _float(b, ids, weights)
    packed, scale, zero = int4_blocks(b, _name(weights), weights.embedding.T, read=True)
    flat = b.op("Reshape", packed, b.ints(weights.embedding.shape[0], -1))
    return b.op(
        "com.microsoft:GatherBlockQuantized",
        flat,
        ids,
        scale,
        zero,
        bits=4,
        block_size=BLOCK,
        gather_axis=0,
        quantize_axis=1,
    )


def _nf4(b: Builder, ids: ir.Value, weights: Weights) -> ir.Value:
    return _int8(b, ids, replace(weights, lm_head=Linear(weights.embedding)))


def _name(weights: Weights) -> str:
    """What the embedding's values are stored under: a shared one lies as lm_head."""
    return NAME if weights.lm_head is None else "embedding"


_EMBED = {
    "float": _float,
    "watched": _float,
    "int8": _int8,
    "expanded": _expanded,
    "int4": _int4,
    "nf4": _nf4,
}
