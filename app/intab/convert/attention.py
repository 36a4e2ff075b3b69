"""Attention over the keys and values of all tokens, in the forms that devices run fastest.

products   matrix products and a softmax; query heads that share a key head are laid below each
           other, so that nothing is repeated: fast in WebAssembly, for any mask. A cache that has
           room for more tokens is only read: the new rows go out, and the runner of the graph
           writes them into their places. To join old and new took a quarter of a step at 1,024.
fused      com.microsoft GroupQueryAttention: one WebGPU kernel, for causal masks alone
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from intab.convert.architecture import Architecture, Layer
from intab.convert.builder import MICROSOFT, Builder
from intab.convert.inputs import Inputs

HEAD_STEP = 16  # GroupQueryAttention refuses other heads that are turned


def attend_by_products(
    b: Builder,
    inputs: Inputs,
    number: int,
    q: ir.Value,
    k: ir.Value,
    v: ir.Value,
) -> ir.Value:
    """q [batch, heads, new, dim], k and v [batch, kv_heads, new, dim] -> [batch, new, hidden]."""
    arch = inputs.arch
    parts = _remember(b, inputs, number, k, v)
    q = b.op("Reshape", q, b.ints(0, arch.kv_heads, -1, arch.head_dim))
    scores = _joined(b, [_scores(b, q, keys, arch.score_scale(number)) for keys, _ in parts])
    if cap := arch.attention_softcap:
        scores = softcap(b, scores, cap)
    scores = b.op("Add", scores, inputs.mask(arch.layers[number].window))
    shares = b.op("Softmax", scores, axis=-1)
    found = _weighted(b, inputs, shares, [values for _, values in parts])
    found = b.op("Reshape", found, b.ints(0, arch.heads, -1, arch.head_dim))
    found = b.op("Transpose", found, perm=[0, 2, 1, 3])
    return b.op("Reshape", found, b.ints(0, 0, arch.heads * arch.head_dim))


def can_be_fused(arch: Architecture) -> bool:
    """Whether GroupQueryAttention's WebGPU kernel computes every layer: heads turned as a whole or
    not at all, of a size that it takes, scores that are not bounded."""
    turned = (arch.rotaries[layer.rotary] for layer in arch.layers if layer.rotary)
    whole = all(2 * len(rotary.frequencies) == arch.head_dim for rotary in turned)
    return whole and arch.head_dim % HEAD_STEP == 0 and not arch.attention_softcap


def attend_fused(
    b: Builder, inputs: Inputs, number: int, q: ir.Value, k: ir.Value | None, v: ir.Value | None
) -> ir.Value:
    """q, k and v [batch, new, heads * dim], or q alone with all three side by side."""
    arch, layer = inputs.arch, inputs.arch.layers[number]
    tables = inputs.tables(layer.rotary) if layer.rotary else (None, None)
    past = [inputs.past(number, part) for part in ("key", "value")]
    settings = {
        "num_heads": arch.heads,
        "kv_num_heads": arch.kv_heads,
        "scale": arch.score_scale(number),
        "do_rotary": int(bool(layer.rotary)),
        "local_window_size": layer.window or -1,
    }
    given = [q, k, v, *past, *inputs.lengths, *tables]
    found, *present = b.ops(f"{MICROSOFT}:GroupQueryAttention", given, 3, settings)
    for part, value in zip(("key", "value"), present, strict=True):
        inputs.give_present(number, part, value)
    return found


def softcap(b: Builder, x: ir.Value, cap: float) -> ir.Value:
    """cap * tanh(x / cap), as Gemma 2 bounds its scores and logits."""
    return b.op("Mul", b.op("Tanh", b.op("Div", x, b.scalar(cap))), b.scalar(cap))


def _remember(
    b: Builder, inputs: Inputs, number: int, k: ir.Value, v: ir.Value
) -> list[tuple[ir.Value, ir.Value]]:
    """Keys and values to look at, in one part or in two; what the next run needs is given back."""
    past_k, past_v = inputs.past(number, "key"), inputs.past(number, "value")
    parts = [(past_k, past_v), (k, v)]
    if not inputs.roomy:
        k, v = b.op("Concat", past_k, k, axis=2), b.op("Concat", past_v, v, axis=2)
        parts = [(k, v)]
    inputs.give_present(number, "key", k)
    inputs.give_present(number, "value", v)
    return parts


def _joined(b: Builder, parts: list[ir.Value]) -> ir.Value:
    """[batch, kv_heads, rows, columns]"""
    return b.op("Concat", *parts, axis=-1) if len(parts) > 1 else parts[0]


def _weighted(b: Builder, inputs: Inputs, shares: ir.Value, values: list[ir.Value]) -> ir.Value:
    """The values' mean by their shares, [batch, kv_heads, rows, dim]."""
    if len(values) == 1:
        return b.op("MatMul", shares, values[0])
    old, new = b.ops("Split", [shares, inputs.room_and_new], 2, {"axis": -1})
    return b.op("Add", b.op("MatMul", old, values[0]), b.op("MatMul", new, values[1]))


def _scores(b: Builder, q: ir.Value, keys: ir.Value, scale: float) -> ir.Value:
    """[batch, kv_heads, rows, keys]; onnxruntime makes one node of the three."""
    products = b.op("MatMul", q, b.op("Transpose", keys, perm=[0, 1, 3, 2]))
    return b.op("Mul", products, b.scalar(scale))


def heads_first(b: Builder, x: ir.Value, heads: int, arch: Architecture) -> ir.Value:
    """[batch, new, heads * dim] -> [batch, heads, new, dim]."""
    x = b.op("Reshape", x, b.ints(0, 0, heads, arch.head_dim))
    return b.op("Transpose", x, perm=[0, 2, 1, 3])


def rotate(b: Builder, inputs: Inputs, layer: Layer, x: ir.Value) -> ir.Value:
    """x [batch, heads, new, dim] turned by its positions."""
    if not layer.rotary:
        return x
    size = 2 * len(inputs.arch.rotaries[layer.rotary].frequencies)
    return turn(b, x, inputs.rotation(layer.rotary), size, inputs.arch.head_dim)


def turn(
    b: Builder, x: ir.Value, rotation: Sequence[ir.Value], size: int, whole: int, **more: int
) -> ir.Value:
    """The first `size` of the `whole` elements of each head turned; `rotation` has the row of
    each token in the tables, cosines, sines; `more` are RotaryEmbedding's attributes."""
    if size == whole:
        return b.op(f"{MICROSOFT}:RotaryEmbedding", x, *rotation, **more)
    head, rest = b.ops("Split", [x, b.ints(size, whole - size)], 2, {"axis": -1})
    head = b.op(f"{MICROSOFT}:RotaryEmbedding", head, *rotation, **more)
    return b.op("Concat", head, rest, axis=-1)
