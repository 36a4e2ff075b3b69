"""Writes an encoder's graph: embeddings, layers, head.

    model = encoder(shape, weights, head, FORMS["q8"])

Attention is matrix products and a softmax, with one mask for all heads. Padding is hidden by
attention_mask and changes no other row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Never

import onnx_ir as ir

from intab.convert.architecture import Array, Linear
from intab.convert.architecture import Weights as Words
from intab.convert.builder import Builder
from intab.convert.decoder import activate
from intab.convert.embedding import lm_head, look_up
from intab.convert.encoders.heads import ANSWERS, FEATURES, LABELS, MASKS, Head, Step
from intab.convert.encoders.inputs import Inputs
from intab.convert.encoders.layers import Layers
from intab.convert.encoders.shape import Encoder, Weights
from intab.convert.forms import Form
from intab.convert.linear import multiply

TOKENS = ("batch", "sequence")


def encoder(
    shape: Encoder,
    weights: Weights,
    head: Head,
    form: Form,
    samples: Mapping[str, Array] | None = None,
) -> ir.Model:
    """The graph: ids, mask and perhaps types in; what the head gives out."""
    b = Builder(form.dtype, samples)
    inputs = Inputs(b, shape, weights, gpu="webgpu" in form.devices)
    writer = Writer(b, inputs, form)
    words = _words(weights, head)
    x = writer.embedded(weights, words)
    for number, layer in enumerate(shape.layers):
        x = writer.layer(f"layers.{number}", layer, weights.layer(number), x)
    if weights.final_norm:
        x = writer.normalized("final_norm", weights.final_norm, x)
    writer.give(x, head, words)
    return b.model(shape.kind)


def _words(weights: Weights, head: Head) -> Words:
    """The embedding and the product with it, as embedding.py takes them."""
    if head.kind == MASKS:
        return Words(weights.words, None, no_layer, weights.norm, head.words)
    return Words(weights.words, None, no_layer, weights.norm, Linear(weights.words))


def no_layer(number: int) -> Never:
    raise NotImplementedError  # embedding.py reads no layer


class Writer(Layers):
    """Writes one layer after the other in one form."""

    def __init__(self, b: Builder, inputs: Inputs, form: Form) -> None:
        super().__init__(b, inputs.shape, form, inputs.mask, inputs.rotation)
        self.inputs = inputs

    def embedded(self, weights: Weights, words: Words) -> ir.Value:
        """[batch, tokens, hidden]"""
        b, inputs = self.b, self.inputs
        x = look_up(b, inputs.ids, words, self.form)
        if weights.positions is not None:
            table = b.floats("positions", weights.positions)
            x = b.op("Add", x, b.op("Gather", table, inputs.positions))
        if weights.types is not None:
            table = b.floats("types", weights.types)
            x = b.op("Add", x, b.op("Gather", table, inputs.types))
        return self.normalized("embedding_norm", weights.norm, x)

    def give(self, x: ir.Value, head: Head, words: Words) -> None:
        """The head's nodes; the outputs, as transformers calls them."""
        b = self.b
        if head.kind == FEATURES:
            return b.output(x, "last_hidden_state", [*TOKENS, self.shape.hidden])
        x = self.pooled(x, head.pool)
        for step in head.steps:
            x = self.step(step, x)
        if head.kind == MASKS:
            x = lm_head(b, x, words, self.form)
            x = x if head.bias is None else b.op("Add", x, b.floats("lm_head.bias", head.bias))
            return b.output(x, "logits", [*TOKENS, self.shape.vocabulary])
        count = head.steps[-1].linear.weight.shape[1]
        if head.kind == ANSWERS:
            ends = b.ops("Split", [x, b.ints(1, 1)], 2, {"axis": -1})
            for end, name in zip(ends, ("start_logits", "end_logits"), strict=True):
                b.output(b.op("Squeeze", end, b.ints(-1)), name, TOKENS)
            return None
        return b.output(x, "logits", ["batch", count] if head.kind == LABELS else [*TOKENS, count])

    def pooled(self, x: ir.Value, pool: str) -> ir.Value:
        """The first token, [batch, hidden], the mean of all that are no padding, or each."""
        b = self.b
        if pool == "cls":
            return b.op("Gather", x, b.integer(0), axis=1)
        if not pool:
            return x
        # By way of int32: WebGPU casts no int64.
        mask = b.cast(b.cast(self.inputs.attention_mask, ir.DataType.INT32), b.dtype)
        real = b.op("Unsqueeze", mask, b.ints(2))
        total = b.op("ReduceSum", b.op("Mul", x, real), b.ints(1), keepdims=0)
        return b.op("Div", total, b.op("ReduceSum", real, b.ints(1), keepdims=0))

    def step(self, step: Step, x: ir.Value) -> ir.Value:
        """A product of the head; the classifier, which is small, stays float."""
        b = self.b
        kind = "float" if step.name == "classifier" else self.form.linear
        x = multiply(b, kind, step.name, x, step.linear)
        if step.activation:
            tanh = step.activation == "tanh"
            x = b.op("Tanh", x) if tanh else activate(b, step.activation, x)
        return x if step.norm is None else self.normalized("head.norm", step.norm, x)
