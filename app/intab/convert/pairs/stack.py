"""What both sides are written of: attention, products, norms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Never

import numpy as np
import onnx_ir as ir

from intab.convert.architecture import Linear, Norm
from intab.convert.architecture import Weights as Words
from intab.convert.builder import Builder
from intab.convert.decoder import activate
from intab.convert.embedding import look_up
from intab.convert.encoders.inputs import far_buckets
from intab.convert.forms import Form
from intab.convert.linear import multiply
from intab.convert.pairs.shape import LayerWeights, Shape, Side, SideWeights, Weights

INT64, BOOL = ir.DataType.INT64, ir.DataType.BOOL


@dataclass(frozen=True)
class Stack:
    """Writes one side's layers into a graph in one form."""

    b: Builder
    shape: Shape
    side: Side
    weights: SideWeights
    form: Form

    def within(self, b: Builder) -> Stack:
        """The same in a branch of the graph."""
        return Stack(b, self.shape, self.side, self.weights, self.form)

    def embedded(self, ids: ir.Value, weights: Weights, positions: ir.Value) -> ir.Value:
        """Ids become [batch, tokens, hidden]; positions [tokens] or [batch, tokens]."""
        b, shape = self.b, self.shape
        x = look_up(b, ids, words_of(weights), self.form)
        if shape.embedding_scale != 1.0:
            x = b.op("Mul", x, b.scalar(shape.embedding_scale))
        if self.weights.positions is not None:
            table = b.floats("positions", self.weights.positions)
            x = b.op("Add", x, b.op("Gather", table, positions))
        return x if self.weights.norm is None else self.normalized("embedding_norm", x)

    def normalized(self, name: str, x: ir.Value, norm: Norm | None = None) -> ir.Value:
        """The norm of x: that of the embeddings unless another one is given."""
        b = self.b
        norm = norm or self.weights.norm
        assert norm is not None
        given = [b.floats(f"{name}.weight", norm.weight)]
        if norm.bias is not None:
            given.append(b.floats(f"{name}.bias", norm.bias))
        kind = "SimplifiedLayerNormalization" if self.shape.rms else "LayerNormalization"
        return b.op(kind, x, *given, axis=-1, epsilon=self.shape.epsilon)

    def before(self, name: str, norm: Norm, x: ir.Value) -> ir.Value:
        """What a branch reads."""
        return self.normalized(name, x, norm) if self.shape.first else x

    def added(self, name: str, norm: Norm, x: ir.Value, branch: ir.Value) -> ir.Value:
        """A branch added."""
        total = self.b.op("Add", x, branch)
        return total if self.shape.first else self.normalized(name, total, norm)

    def product(self, name: str, x: ir.Value, linear: Linear) -> ir.Value:
        """x @ weight + bias."""
        return multiply(self.b, self.form.linear, name, x, linear)

    def heads_first(self, x: ir.Value) -> ir.Value:
        """[batch, tokens, heads * dim] -> [batch, heads, tokens, dim]."""
        b, side = self.b, self.side
        x = b.op("Reshape", x, b.ints(0, 0, side.heads, side.head_dim))
        return b.op("Transpose", x, perm=[0, 2, 1, 3])

    def parts(self, packed: ir.Value, count: int) -> list[ir.Value]:
        """What lies side by side, each with its heads first."""
        b, width = self.b, self.side.width
        split = b.ops("Split", [packed, b.ints(*[width] * count)], count, {"axis": -1})
        return [self.heads_first(part) for part in split]

    def attend(
        self, q: ir.Value, k: ir.Value, v: ir.Value, mask: ir.Value | None, name: str, out: Linear
    ) -> ir.Value:
        """[batch, heads, tokens, dim] three times -> [batch, tokens, hidden]."""
        b, side = self.b, self.side
        scores = b.op("MatMul", q, b.op("Transpose", k, perm=[0, 1, 3, 2]))
        scale = self.shape.score_scale or side.head_dim**-0.5
        if scale != 1.0:
            scores = b.op("Mul", scores, b.scalar(scale))
        if mask is not None:
            scores = b.op("Add", scores, mask)
        found = b.op("MatMul", b.op("Softmax", scores, axis=-1), v)
        found = b.op("Transpose", found, perm=[0, 2, 1, 3])
        found = b.op("Reshape", found, b.ints(0, 0, side.width))
        return self.product(name, found, out)

    def mlp(self, name: str, weights: LayerWeights, x: ir.Value) -> ir.Value:
        """[batch, tokens, hidden] -> the same, added."""
        b, shape, inner = self.b, self.shape, self.side.inner
        read = self.before(f"{name}.mlp_norm", weights.mlp_norm, x)
        found = self.product(f"{name}.up", read, weights.up)
        if shape.gated:
            gate, up = b.ops("Split", [found, b.ints(inner, inner)], 2, {"axis": -1})
            found = b.op("Mul", activate(b, shape.activation, gate), up)
        else:
            found = activate(b, shape.activation, found)
        found = self.product(f"{name}.down", found, weights.down)
        return self.added(f"{name}.mlp_norm", weights.mlp_norm, x, found)

    def hidden(self, seen: ir.Value) -> ir.Value:
        """0 where a token may look, bool `seen`, and a very small number where not."""
        b = self.b
        # Half of the least: a score that is added to it stays finite.
        least = float(np.finfo(b.dtype.numpy()).min) / 2
        return b.op("Where", seen, b.scalar(0.0), b.scalar(least))

    def distances(self, rows: ir.Value, columns: ir.Value, *, both: bool) -> ir.Value:
        """What the distance of two tokens adds to each head's score, [heads, rows, columns]; of
        tokens at these places, int64. both: those that follow have numbers of their own."""
        b, table = self.b, self.weights.distances
        most = self.shape.farthest
        assert table is not None
        near = np.arange(-most, most + 1)
        by_distance = table[far_buckets(near, self.shape.buckets, most, both=both)].T
        apart = b.op("Sub", columns, b.op("Unsqueeze", rows, b.ints(1)))
        apart = b.op("Clip", apart, b.integer(-most), b.integer(most))
        return b.op(
            "Gather",
            b.floats("distances", by_distance),
            b.op("Add", apart, b.integer(most)),
            axis=1,
        )

    def count(self, x: ir.Value, axis: int) -> ir.Value:
        """The size of an axis."""
        b = self.b
        return b.op("Gather", b.op("Shape", x), b.integer(axis))


def words_of(weights: Weights) -> Words:
    """The embedding and lm_head, as embedding.py takes them: of one weight where both have it."""
    none = Norm(np.zeros(0, np.float32))
    return Words(weights.words, None, _no_layer, none, weights.lm_head)


def _no_layer(number: int) -> Never:
    raise NotImplementedError  # embedding.py reads no layer
