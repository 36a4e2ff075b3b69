"""Writes a decoder's graph: embedding, layers, last rows, lm_head.

    model = decoder(architecture, weights, FORMS["q8"])

A residual is carried as two values that are not yet added, because the kernel that normalizes can
add them on the way. Nothing after the last layer is computed for rows whose logits nobody wants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx_ir as ir

from intab.convert.architecture import Architecture, Array, LayerWeights, Norm, Weights
from intab.convert.attention import (
    attend_by_products,
    attend_fused,
    can_be_fused,
    heads_first,
    rotate,
    softcap,
)
from intab.convert.builder import MICROSOFT, Builder
from intab.convert.embedding import embed, lm_head
from intab.convert.forms import Form
from intab.convert.inputs import Inputs
from intab.convert.linear import multiply

Residual = tuple[ir.Value, ir.Value | None]


def decoder(
    arch: Architecture, weights: Weights, form: Form, samples: Mapping[str, Array] | None = None
) -> ir.Model:
    """The graph: ids, mask, positions and cache in; logits of the last rows and cache out.
    `samples`: as for Builder."""
    b = Builder(form.dtype, samples)
    fused = form.attention == "fused" and can_be_fused(arch)
    inputs = Inputs(b, arch, roomy=not fused, gpu="webgpu" in form.devices)
    writer = Writer(b, inputs, form)
    residual: Residual = (embed(b, inputs, weights, form), None)
    for number in range(len(arch.layers)):
        residual = writer.layer(number, weights.layer(number), residual)
    last: Residual = (
        inputs.last_rows(residual[0]),
        residual[1] if residual[1] is None else inputs.last_rows(residual[1]),
    )
    x, _ = writer.normalized("final_norm", weights.final_norm, last)
    writer.give_logits(lm_head(b, x, weights, form))
    return b.model(arch.family)


class Writer:
    """Writes one layer after the other in one form."""

    def __init__(self, b: Builder, inputs: Inputs, form: Form) -> None:
        self.b, self.inputs, self.form, self.arch = b, inputs, form, inputs.arch

    def layer(self, number: int, weights: LayerWeights, residual: Residual) -> Residual:
        """One layer's nodes; the residual after it."""
        name = f"layers.{number}"
        x, total = self.normalized(f"{name}.attention_norm", weights.attention_norm, residual)
        branch = self.attention(number, weights, x)
        if self.arch.parallel:
            other, _ = self.normalized(f"{name}.mlp_norm", weights.mlp_norm, (total, None))
            return total, self.b.op("Add", branch, self.mlp(name, weights, other))
        branch = self.after(f"{name}.after_attention", weights.after_attention, branch)
        x, total = self.normalized(f"{name}.mlp_norm", weights.mlp_norm, (total, branch))
        branch = self.mlp(name, weights, x)
        return total, self.after(f"{name}.after_mlp", weights.after_mlp, branch)

    def attention(self, number: int, weights: LayerWeights, x: ir.Value) -> ir.Value:
        """[batch, new, hidden] -> the same."""
        b, name = self.b, f"layers.{number}"
        packed = multiply(b, self.form.linear, f"{name}.qkv", x, weights.qkv)
        attend = self.products if self.inputs.roomy else self.fused
        found = attend(number, weights, packed)
        return multiply(b, self.form.linear, f"{name}.out", found, weights.out)

    def fused(self, number: int, weights: LayerWeights, packed: ir.Value) -> ir.Value:
        """GroupQueryAttention, which splits and turns queries and keys itself."""
        if weights.q_norm is None or weights.k_norm is None:
            return attend_fused(self.b, self.inputs, number, packed, None, None)
        q, k, v = self.split(packed)
        q = self.normalized_heads(f"layers.{number}.q_norm", weights.q_norm, q)
        k = self.normalized_heads(f"layers.{number}.k_norm", weights.k_norm, k)
        return attend_fused(self.b, self.inputs, number, q, k, v)

    def normalized_heads(self, name: str, norm: Array, x: ir.Value) -> ir.Value:
        """[batch, new, heads * dim] with each head normalized."""
        b = self.b
        heads = b.op("Reshape", x, b.ints(0, 0, -1, self.arch.head_dim))
        heads, _ = self.normalized(name, Norm(norm), (heads, None))
        return b.op("Reshape", heads, b.ints(0, 0, -1))

    def products(self, number: int, weights: LayerWeights, packed: ir.Value) -> ir.Value:
        """Matrix products and a softmax."""
        b, arch = self.b, self.arch
        counts = (arch.heads, arch.kv_heads, arch.kv_heads)
        q, k, v = (
            heads_first(b, part, count, arch)
            for part, count in zip(self.split(packed), counts, strict=True)
        )
        q = self.turned(number, "q_norm", weights.q_norm, q)
        k = self.turned(number, "k_norm", weights.k_norm, k)
        return attend_by_products(b, self.inputs, number, q, k, v)

    def split(self, packed: ir.Value) -> Sequence[ir.Value]:
        """Queries, keys and values."""
        arch = self.arch
        counts = (arch.heads, arch.kv_heads, arch.kv_heads)
        sizes = self.b.ints(*(count * arch.head_dim for count in counts))
        return self.b.ops("Split", [packed, sizes], 3, {"axis": -1})

    def turned(self, number: int, name: str, norm: Array | None, x: ir.Value) -> ir.Value:
        """Queries or keys, normalized where the family does, turned by their positions."""
        if norm is not None:
            x, _ = self.normalized(f"layers.{number}.{name}", Norm(norm), (x, None))
        return rotate(self.b, self.inputs, self.arch.layers[number], x)

    def mlp(self, name: str, weights: LayerWeights, x: ir.Value) -> ir.Value:
        """[batch, new, hidden] -> the same."""
        b = self.b
        x = multiply(b, self.form.linear, f"{name}.up", x, weights.up)
        if weights.gated:
            half = weights.up.weight.shape[1] // 2
            gate, up = b.ops("Split", [x, b.ints(half, half)], 2, {"axis": -1})
            x = b.op("Mul", activate(b, self.arch.activation, gate), up)
        else:
            x = activate(b, self.arch.activation, x)
        return multiply(b, self.form.linear, f"{name}.down", x, weights.down)

    def after(self, name: str, norm: Norm | None, branch: ir.Value) -> ir.Value:
        """A branch, normalized before it is added where the family does."""
        return branch if norm is None else self.normalized(name, norm, (branch, None))[0]

    def normalized(self, name: str, norm: Norm, residual: Residual) -> tuple[ir.Value, ir.Value]:
        """The norm of the residual, and the residual added up."""
        b, (x, branch) = self.b, residual
        weights = [b.floats(f"{name}.weight", norm.weight)]
        if norm.bias is not None:
            weights.append(b.floats(f"{name}.bias", norm.bias))
        kind = "SimplifiedLayerNormalization" if self.arch.norm == "rms" else "LayerNormalization"
        settings = {"epsilon": self.arch.epsilon}
        if branch is None:
            return b.op(kind, x, *weights, axis=-1, **settings), x
        found = b.ops(f"{MICROSOFT}:Skip{kind}", [x, branch, *weights], 4, settings)
        return found[0], found[3]

    def give_logits(self, logits: ir.Value) -> None:
        """Bound the logits where the family does, and make them the first output."""
        b, arch = self.b, self.arch
        if cap := arch.logit_softcap:
            logits = softcap(b, logits, cap)
        b.output(logits, "logits", ["batch", "rows", arch.vocabulary])
        b.outputs.insert(0, b.outputs.pop())


def activate(b: Builder, kind: str, x: ir.Value) -> ir.Value:
    """An activation by its name in architecture.py."""
    if kind == "silu":
        return b.op(f"{MICROSOFT}:QuickGelu", x, alpha=1.0)  # x * sigmoid(alpha * x)
    if kind == "quick_gelu":
        return b.op(f"{MICROSOFT}:QuickGelu", x, alpha=1.702)
    if kind == "relu":
        return b.op("Relu", x)
    return b.op("Gelu", x, approximate="tanh" if kind == "gelu_tanh" else "none")
