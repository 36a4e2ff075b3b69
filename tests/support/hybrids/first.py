"""LFM2, which has short convolutions between layers of attention, and Mamba: state spaces alone."""

from __future__ import annotations

import onnx

from tests.support.hybrids.parts import (
    LOGITS,
    Hybrid,
    angles_from,
    attended,
    bias_of,
    convolved,
    frequencies,
    heads,
    kept,
    logits_of,
    model_of,
    places_of,
    scanned,
)
from tests.support.hybrids.shapes import WIDTH
from tests.support.hybrids.weights import KERNEL, LFM2, MAMBA, RANK, STATE, weights


def make_lfm2() -> onnx.ModelProto:
    """Short convolutions and attention."""
    g = Hybrid()
    angles, bias = angles_from(g, places_of(g), frequencies(10000.0, 8)), bias_of(g)
    hidden = g.op("Gather", "model.embed_tokens.weight", "input_ids")
    for layer, kind in enumerate(LFM2["layer_types"]):
        at = f"model.layers.{layer}"
        normed = g.norm(hidden, f"{at}.operator_norm")
        if kind == "conv":
            mixed = _short_convolution(g, normed, layer)
        else:
            mixed = _attention(g, normed, layer, angles, bias)
        hidden = g.op("Add", hidden, mixed)
        normed = g.norm(hidden, f"{at}.ffn_norm")
        hidden = g.op("Add", hidden, g.gated(normed, f"{at}.feed_forward", "w1", "w3", "w2"))
    logits_of(g, g.norm(hidden, "model.embedding_norm"), "model.embed_tokens")
    return model_of(g, {"logits": LOGITS}, weights("lfm2"))


def _short_convolution(g: Hybrid, value: str, layer: int) -> str:
    at = f"model.layers.{layer}.conv"
    columns = g.swap(g.linear(value, f"{at}.in_proj"))
    before, after, x = g.split(columns, WIDTH, WIDTH, WIDTH, axis=1)
    made = convolved(
        g, g.op("Mul", before, x), layer, f"{at}.conv.weight", width=WIDTH, kernel=KERNEL
    )
    return g.linear(g.swap(g.op("Mul", after, made)), f"{at}.out_proj")


def _attention(g: Hybrid, value: str, layer: int, angles: tuple[str, str], bias: str) -> str:
    at = f"model.layers.{layer}.self_attn"
    query, key, new = (
        heads(g, g.linear(value, f"{at}.{part}_proj"), count, 8)
        for part, count in (("q", 4), ("k", 2), ("v", 2))
    )
    query, key = (
        g.turn(g.norm(one, f"{at}.{part}_layernorm"), angles, 8, 8)
        for part, one in (("q", query), ("k", key))
    )
    cached = kept(g, layer, key, new, 2, 8)
    return g.linear(attended(g, query, cached, bias, 2, 8, 8**-0.5), f"{at}.out_proj")


def make_mamba() -> onnx.ModelProto:
    """State spaces alone: neither a mask nor positions."""
    g = Hybrid()
    hidden = g.op("Gather", "backbone.embeddings.weight", "input_ids")
    for layer in range(MAMBA["num_hidden_layers"]):
        normed = g.norm(hidden, f"backbone.layers.{layer}.norm")
        hidden = g.op("Add", hidden, _state_space(g, normed, layer))
    logits_of(g, g.norm(hidden, "backbone.norm_f"), "backbone.embeddings")
    return model_of(g, {"logits": LOGITS}, weights("mamba"))


def _state_space(g: Hybrid, value: str, layer: int) -> str:
    """transformers' MambaMixer."""
    at, wide, last = f"backbone.layers.{layer}.mixer", 2 * WIDTH, g.const([3])
    x, gate = g.split(g.linear(value, f"{at}.in_proj"), wide, wide)  # [batch, new, wide]
    conv = [f"{at}.conv1d.{part}" for part in ("weight", "bias")]
    rows = g.swap(g.silu(convolved(g, g.swap(x), layer, *conv, width=wide, kernel=KERNEL)))
    step, into, out = g.split(g.linear(rows, f"{at}.x_proj"), RANK, STATE, STATE)
    step = g.op("Softplus", g.op("Add", g.linear(step, f"{at}.dt_proj"), f"{at}.dt_proj.bias"))
    rate = g.op("Neg", g.op("Exp", f"{at}.A_log"))  # [wide, state]
    decay = g.op("Exp", g.op("Mul", g.op("Unsqueeze", step, last), rate))
    fed = g.op("Unsqueeze", g.op("Mul", step, rows), last)
    change = g.op("Mul", fed, g.op("Unsqueeze", into, g.const([2])))  # [batch, new, wide, state]
    states = scanned(
        g, f"past_ssm.{layer}", ["batch", wide, STATE], {"decay": decay, "change": change}, DECAYING
    )
    read = g.op("MatMul", states, g.op("Unsqueeze", out, last))  # [batch, new, wide, 1]
    y = g.op("Add", g.op("Squeeze", read, last), g.op("Mul", rows, f"{at}.D"))
    return g.linear(g.op("Mul", y, g.silu(gate)), f"{at}.out_proj")


# What is left of the state, and what comes to it.
DECAYING = (
    ("Mul", ["before", "decay"], "less"),
    ("Add", ["less", "change"], "after"),
    ("Identity", ["after"], "told"),
)
