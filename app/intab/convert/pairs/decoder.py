"""Writes the decoder's graph: new ids, the caches, and what the encoder gave; logits out.

In the first step, use_cache_branch is false, and keys and values of the cross attention are made of
encoder_hidden_states; in all others they come in with the caches and are only read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from intab.convert.builder import Builder
from intab.convert.embedding import lm_head
from intab.convert.forms import Form
from intab.convert.pairs.shape import Cross, Shape, Weights
from intab.convert.pairs.stack import BOOL, INT64, Stack, words_of

PARTS = ("key", "value")


def decoder(shape: Shape, weights: Weights, form: Form) -> ir.Model:
    """The graph that optimum calls decoder_model_merged, by its inputs and outputs."""
    b = Builder(form.dtype)
    writer = Writer(Stack(b, shape, shape.decoder, weights.decoder, form))
    x = writer.begun(weights)
    for number in range(shape.decoder.layers):
        x = writer.layer(number, x)
    if weights.decoder.final_norm:
        x = writer.stack.normalized("final_norm", x, weights.decoder.final_norm)
    if shape.logit_scale != 1.0:
        x = b.op("Mul", x, b.scalar(shape.logit_scale))
    logits = lm_head(b, x, words_of(weights), form)
    if weights.logits_bias is not None:
        logits = b.op("Add", logits, b.floats("logits_bias", weights.logits_bias))
    b.output(logits, "logits", ["batch_size", "new", shape.vocabulary])
    b.outputs.insert(0, b.outputs.pop())
    return b.model(f"{shape.kind} decoder")


class Writer:
    """Writes the decoder's inputs, and one layer after the other."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.b = stack, stack.b
        b, shape = self.b, stack.shape
        self.ids = b.input("input_ids", INT64, ("batch_size", "new"))
        self.cross_mask: ir.Value | None = None
        if not shape.mels:
            seen = b.input("encoder_attention_mask", INT64, ("batch_size", "source"))
            self.cross_mask = stack.hidden(b.op("Unsqueeze", b.cast(seen, BOOL), b.ints(1, 2)))
        self.source = b.input(
            "encoder_hidden_states", b.dtype, ("batch_size", "source", shape.hidden)
        )
        self.past = {
            (number, of, part): self._past(number, of, part)
            for number in range(shape.decoder.layers)
            for of in ("decoder", "encoder")
            for part in PARTS
        }
        self.goes_on = b.input("use_cache_branch", BOOL, (1,))

    def _past(self, number: int, of: str, part: str) -> ir.Value:
        side = self.stack.side
        length = "past" if of == "decoder" else "source_past"
        shape = ("batch_size", side.heads, length, side.head_dim)
        return self.b.input(f"past_key_values.{number}.{of}.{part}", self.b.dtype, shape)

    def begun(self, weights: Weights) -> ir.Value:
        """The new ids as vectors [batch, new, hidden]; the mask, too."""
        b, stack, shape = self.b, self.stack, self.stack.shape
        before = stack.count(self.past[0, "decoder", "key"], 2)
        total = b.op("Add", before, stack.count(self.ids, 1))
        rows = b.op("Range", before, total, b.integer(1))
        columns = b.op("Range", b.integer(0), total, b.integer(1))
        seen = b.op("LessOrEqual", columns, b.op("Unsqueeze", rows, b.ints(1)))
        self.mask = stack.hidden(b.op("Unsqueeze", seen, b.ints(0, 1)))
        if shape.buckets:
            self.mask = b.op("Add", self.mask, stack.distances(rows, columns, both=False))
        offset = shape.offset if shape.counted is None else shape.counted + 1
        places = b.op("Add", rows, b.integer(offset)) if offset else rows
        return stack.embedded(self.ids, weights, places)

    def layer(self, number: int, x: ir.Value) -> ir.Value:
        """[batch, new, hidden] -> the same."""
        stack, name = self.stack, f"layers.{number}"
        weights = stack.weights.layer(number)
        norm = f"{name}.attention_norm"
        read = stack.before(norm, weights.attention_norm, x)
        q, k, v = stack.parts(stack.product(f"{name}.qkv", read, weights.qkv), 3)
        k, v = (
            self.b.op("Concat", self.past[number, "decoder", part], new, axis=2)
            for part, new in zip(PARTS, (k, v), strict=True)
        )
        self._give(number, "decoder", (k, v))
        found = stack.attend(q, k, v, self.mask, f"{name}.out", weights.out)
        x = stack.added(norm, weights.attention_norm, x, found)
        assert weights.cross is not None
        return stack.mlp(name, weights, self.crossed(number, weights.cross, x))

    def crossed(self, number: int, weights: Cross, x: ir.Value) -> ir.Value:
        """The attention to the source: with the keys and values of the first step, which go out of
        that step alone."""
        stack, name = self.stack, f"layers.{number}.cross"
        read = stack.before(f"{name}_norm", weights.norm, x)
        q = stack.heads_first(stack.product(f"{name}_q", read, weights.q))
        past = [self.past[number, "encoder", part] for part in PARTS]

        def attend(b: Builder, k: ir.Value, v: ir.Value) -> ir.Value:
            inner = stack.within(b)
            return inner.attend(q, k, v, self.cross_mask, f"{name}_out", weights.out)

        def going_on(b: Builder) -> list[ir.Value]:
            none = np.zeros((0, stack.side.heads, 0, stack.side.head_dim), np.float32)
            empty = b.op("Identity", b.floats("nothing", none))
            return [attend(b, *past), empty, b.op("Identity", empty)]

        def beginning(b: Builder) -> list[ir.Value]:
            inner = stack.within(b)
            k, v = inner.parts(inner.product(f"{name}_kv", self.source, weights.kv), 2)
            return [attend(b, k, v), k, v]

        found, *kept = self.b.choose(self.goes_on, going_on, beginning, 3)
        self._give(number, "encoder", kept)
        return stack.added(f"{name}_norm", weights.norm, x, found)

    def _give(self, number: int, of: str, values: Sequence[ir.Value]) -> None:
        side, cross = self.stack.side, of == "encoder"
        batch, length = ("batch_kept", "source_kept") if cross else ("batch_size", "total")
        for part, value in zip(PARTS, values, strict=True):
            shape: list[int | str] = [batch, side.heads, length, side.head_dim]
            self.b.output(value, f"present.{number}.{of}.{part}", shape)
