"""Writes the encoder's graph: ids or a spectrogram in, last_hidden_state out."""

from __future__ import annotations

import onnx_ir as ir

from intab.convert.builder import Builder
from intab.convert.forms import Form
from intab.convert.pairs.shape import Convolution, Shape, Weights
from intab.convert.pairs.stack import BOOL, INT64, Stack

_GELU = "none"  # the exact one


def encoder(shape: Shape, weights: Weights, form: Form) -> ir.Model:
    """input_ids and attention_mask, or input_features, to [batch, places, hidden]."""
    b = Builder(form.dtype)
    stack = Stack(b, shape, shape.encoder, weights.encoder, form)
    x, mask = _heard(stack, weights) if shape.mels else _read(stack, weights)
    for number in range(shape.encoder.layers):
        x = _layer(stack, number, x, mask)
    if weights.encoder.final_norm:
        x = stack.normalized("final_norm", x, weights.encoder.final_norm)
    b.output(x, "last_hidden_state", ["batch_size", "places", shape.hidden])
    return b.model(f"{shape.kind} encoder")


def _read(stack: Stack, weights: Weights) -> tuple[ir.Value, ir.Value]:
    """Ids as vectors, and the mask of padding with what distances add."""
    b, shape = stack.b, stack.shape
    ids = b.input("input_ids", INT64, ("batch_size", "sequence"))
    seen = b.input("attention_mask", INT64, ("batch_size", "sequence"))
    places = b.op("Range", b.integer(0), stack.count(ids, 1), b.integer(1))
    mask = stack.hidden(b.op("Unsqueeze", b.cast(seen, BOOL), b.ints(1, 2)))
    if shape.buckets:
        mask = b.op("Add", mask, stack.distances(places, places, both=True))
    rows = places if shape.counted is None else _counted(b, ids, shape.counted)
    if shape.offset:
        rows = b.op("Add", rows, b.integer(shape.offset))
    return stack.embedded(ids, weights, rows), mask


def _counted(b: Builder, ids: ir.Value, padding: int) -> ir.Value:
    """Of each token how many before it and with it are no padding, and padding's id more."""
    same = b.op("Equal", ids, b.integer(padding))
    real = b.cast(b.op("Not", same), INT64)
    counted = b.op("Mul", b.op("CumSum", real, b.integer(1)), real)
    return b.op("Add", counted, b.integer(padding))


def _heard(stack: Stack, weights: Weights) -> tuple[ir.Value, None]:
    """A spectrogram [batch, bands, frames] as vectors, one for two frames."""
    b, shape = stack.b, stack.shape
    positions = weights.encoder.positions
    assert positions is not None
    x = b.input("input_features", b.dtype, ("batch_size", shape.mels, 2 * len(positions)))
    for number, (convolution, step) in enumerate(zip(weights.convolutions, (1, 2), strict=True)):
        x = _convolved(b, f"conv{number + 1}", convolution, step, x)
    x = b.op("Transpose", x, perm=[0, 2, 1])
    return b.op("Add", x, b.floats("positions", positions)), None


def _convolved(b: Builder, name: str, weights: Convolution, step: int, x: ir.Value) -> ir.Value:
    given = (b.floats(f"{name}.weight", weights.weight), b.floats(f"{name}.bias", weights.bias))
    x = b.op("Conv", x, *given, kernel_shape=[3], pads=[1, 1], strides=[step])
    return b.op("Gelu", x, approximate=_GELU)


def _layer(stack: Stack, number: int, x: ir.Value, mask: ir.Value | None) -> ir.Value:
    name, weights = f"layers.{number}", stack.weights.layer(number)
    norm = f"{name}.attention_norm"
    read = stack.before(norm, weights.attention_norm, x)
    q, k, v = stack.parts(stack.product(f"{name}.qkv", read, weights.qkv), 3)
    found = stack.attend(q, k, v, mask, f"{name}.out", weights.out)
    x = stack.added(norm, weights.attention_norm, x, found)
    return stack.mlp(name, weights, x)
