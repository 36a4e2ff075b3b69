"""Writes the layers of an encoder, whatever it reads: attention, MLP, norms."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from intab.convert.architecture import Linear, Norm
from intab.convert.attention import turn
from intab.convert.builder import MICROSOFT, Builder
from intab.convert.decoder import activate
from intab.convert.encoders.shape import Encoder, Layer, LayerWeights
from intab.convert.forms import Form
from intab.convert.linear import multiply

Mask = Callable[[int], ir.Value | None]
Rotation = Callable[[float], tuple[ir.Value, ir.Value, ir.Value]]


def unmasked(window: int) -> None:
    """Every row sees every other one."""


def unturned(theta: float) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Nothing is turned."""
    raise NotImplementedError


class Layers:
    """Writes one layer after the other in one form. `mask`: what is added to the scores of a layer
    with that window; `rotation`: by what a layer with that base is turned."""

    def __init__(
        self,
        b: Builder,
        shape: Encoder,
        form: Form,
        mask: Mask = unmasked,
        rotation: Rotation = unturned,
    ) -> None:
        self.b, self.shape, self.form = b, shape, form
        self.mask, self.rotation = mask, rotation

    def layer(self, name: str, layer: Layer, weights: LayerWeights, x: ir.Value) -> ir.Value:
        """One layer; norms stand before what they normalize, or behind the sum."""
        norm, norm_name = weights.attention_norm, f"{name}.attention_norm"
        if not self.shape.first:
            x = self.added(norm_name, norm, x, self.attention(name, layer, weights, x))
            branch = self.mlp(name, weights.up, weights.down, x)
            return self.added(f"{name}.mlp_norm", weights.mlp_norm, x, branch)
        read = x if norm is None else self.normalized(norm_name, norm, x)
        x = self.b.op("Add", x, self.attention(name, layer, weights, read))
        read = self.normalized(f"{name}.mlp_norm", weights.mlp_norm, x)
        return self.b.op("Add", x, self.mlp(name, weights.up, weights.down, read))

    def attention(self, name: str, layer: Layer, weights: LayerWeights, x: ir.Value) -> ir.Value:
        """[batch, tokens, hidden] -> the same."""
        b, shape = self.b, self.shape
        packed = self.product(f"{name}.qkv", x, weights.qkv)
        q, k, v = (
            self.heads_first(part)
            for part in b.ops("Split", [packed, b.ints(*[shape.hidden] * 3)], 3, {"axis": -1})
        )
        if layer.theta:
            rotation = self.rotation(layer.theta)
            q, k = (turn(b, part, rotation, shape.head_dim, shape.head_dim) for part in (q, k))
        found = self.attended(q, k, v, self.mask(layer.window))
        return self.product(f"{name}.out", found, weights.out)

    def attended(
        self, q: ir.Value, k: ir.Value, v: ir.Value, mask: ir.Value | None = None
    ) -> ir.Value:
        """[batch, heads, tokens, dim] three times -> [batch, tokens, hidden]."""
        b, shape = self.b, self.shape
        products = b.op("MatMul", q, b.op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = b.op("Mul", products, b.scalar(shape.head_dim**-0.5))
        scores = scores if mask is None else b.op("Add", scores, mask)
        found = b.op("MatMul", b.op("Softmax", scores, axis=-1), v)
        found = b.op("Transpose", found, perm=[0, 2, 1, 3])
        return b.op("Reshape", found, b.ints(0, 0, shape.hidden))

    def product(self, name: str, x: ir.Value, linear: Linear) -> ir.Value:
        """x @ weight + bias."""
        return multiply(self.b, self.form.linear, name, x, linear)

    def heads_first(self, x: ir.Value) -> ir.Value:
        """[batch, tokens, hidden] -> [batch, heads, tokens, dim]."""
        b, shape = self.b, self.shape
        x = b.op("Reshape", x, b.ints(0, 0, shape.heads, shape.head_dim))
        return b.op("Transpose", x, perm=[0, 2, 1, 3])

    def mlp(self, name: str, up: Linear, down: Linear, x: ir.Value) -> ir.Value:
        """[batch, tokens, hidden] -> the same."""
        b, inner, kind = self.b, self.shape.inner, self.shape.activation
        x = self.product(f"{name}.up", x, up)
        if self.shape.gated:
            gate, wide = b.ops("Split", [x, b.ints(inner, inner)], 2, {"axis": -1})
            x = b.op("Mul", activate(b, kind, gate), wide)
        else:
            x = activate(b, kind, x)
        return self.product(f"{name}.down", x, down)

    def normalized(self, name: str, norm: Norm, x: ir.Value) -> ir.Value:
        """The norm of x."""
        settings = {"axis": -1, "epsilon": self.shape.epsilon}
        return self.b.op("LayerNormalization", x, *self._norm(name, norm), **settings)

    def added(self, name: str, norm: Norm | None, x: ir.Value, branch: ir.Value) -> ir.Value:
        """The norm of a sum."""
        assert norm is not None
        given = [x, branch, *self._norm(name, norm)]
        kind = f"{MICROSOFT}:SkipLayerNormalization"
        return self.b.ops(kind, given, 1, {"epsilon": self.shape.epsilon})[0]

    def _norm(self, name: str, norm: Norm) -> list[ir.Value]:
        weights = [self.b.floats(f"{name}.weight", norm.weight)]
        if norm.bias is not None:
            weights.append(self.b.floats(f"{name}.bias", norm.bias))
        return weights
