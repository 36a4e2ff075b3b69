"""Granite 4 and Falcon-H1: Mamba-2's state spaces, between layers of attention or beside it."""

from __future__ import annotations

from typing import Any

import onnx

from tests.support.hybrids.first import DECAYING
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
from tests.support.hybrids.shapes import FALCON, GRANITE, INNER
from tests.support.hybrids.weights import weights


def make_granite() -> onnx.ModelProto:
    """Granite 4: a layer is one or the other; no positions, and numbers that scale."""
    g, c = Hybrid(), GRANITE
    bias = bias_of(g)
    hidden = g.op("Gather", "model.embed_tokens.weight", "input_ids")
    hidden = g.times(hidden, c["embedding_multiplier"])
    for layer, kind in enumerate(c["layer_types"]):
        at = f"model.layers.{layer}"
        normed = g.norm(hidden, f"{at}.input_layernorm")
        if kind == "mamba":
            mixed = _mamba2(g, normed, layer, c, [1.0] * 5, gate_in_norm=True)
        else:
            scale = c["attention_multiplier"]
            mixed = _attention(g, normed, layer, bias, scale=scale)
        hidden = g.op("Add", hidden, g.times(mixed, c["residual_multiplier"]))
        normed = g.norm(hidden, f"{at}.post_attention_layernorm")
        both = g.linear(normed, f"{at}.shared_mlp.input_linear")
        gate, up = g.split(both, INNER, INNER)
        mixed = g.linear(g.op("Mul", g.silu(gate), up), f"{at}.shared_mlp.output_linear")
        hidden = g.op("Add", hidden, g.times(mixed, c["residual_multiplier"]))
    final = g.times(g.norm(hidden, "model.norm"), 1 / c["logits_scaling"])
    logits_of(g, final, "model.embed_tokens")
    return model_of(g, {"logits": LOGITS}, weights("granite"))


def make_falcon() -> onnx.ModelProto:
    """Falcon-H1: each layer has both, side by side."""
    g, c = Hybrid(), FALCON
    angles, bias = angles_from(g, places_of(g), frequencies(1e11, 8)), bias_of(g)
    hidden = g.op("Gather", "model.embed_tokens.weight", "input_ids")
    hidden = g.times(hidden, c["embedding_multiplier"])
    for layer in range(c["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        normed = g.norm(hidden, f"{at}.input_layernorm")
        into = g.times(normed, c["ssm_in_multiplier"])
        states = _mamba2(g, into, layer, c, c["ssm_multipliers"], gate_in_norm=False)
        into = g.times(normed, c["attention_in_multiplier"])
        seen = _attention(g, into, layer, bias, angles, c["key_multiplier"])
        states = g.times(states, c["ssm_out_multiplier"])
        hidden = g.op("Add", hidden, states)
        hidden = g.op("Add", hidden, g.times(seen, c["attention_out_multiplier"]))
        normed = g.norm(hidden, f"{at}.pre_ff_layernorm")
        hidden = g.op("Add", hidden, _feed_forward(g, normed, f"{at}.feed_forward", c))
    final = g.times(g.norm(hidden, "model.final_layernorm"), c["lm_head_multiplier"])
    logits_of(g, final, "model.embed_tokens")
    return model_of(g, {"logits": LOGITS}, weights("falcon"))


def _feed_forward(g: Hybrid, value: str, at: str, c: dict[str, Any]) -> str:
    before, after = c["mlp_multipliers"]
    gate = g.silu(g.times(g.linear(value, f"{at}.gate_proj"), before))
    up = g.op("Mul", g.linear(value, f"{at}.up_proj"), gate)
    return g.times(g.linear(up, f"{at}.down_proj"), after)


def _attention(
    g: Hybrid,
    value: str,
    layer: int,
    bias: str,
    angles: tuple[str, str] | None = None,
    of_keys: float = 1.0,
    scale: float = 8**-0.5,
) -> str:
    at = f"model.layers.{layer}.self_attn"
    query, key, new = (
        heads(g, g.linear(value, f"{at}.{part}_proj"), count, 8)
        for part, count in (("q", 4), ("k", 2), ("v", 2))
    )
    key = g.times(key, of_keys)
    if angles:
        query, key = (g.turn(one, angles, 8, 8) for one in (query, key))
    cached = kept(g, layer, key, new, 2, 8)
    return g.linear(attended(g, query, cached, bias, 2, 8, scale), f"{at}.o_proj")


def _mamba2(
    g: Hybrid,
    value: str,
    layer: int,
    c: dict[str, Any],
    factors: list[float],
    *,
    gate_in_norm: bool,
) -> str:
    """transformers' mixer of a Mamba-2 layer with one group; the factors are muP's of gate, x, B,
    C and time steps."""
    at, count, size, state = (f"model.layers.{layer}.mamba", *(c[f"mamba_{n}"] for n in _SIZES))
    wide = count * size
    parts = g.split(g.linear(value, f"{at}.in_proj"), wide, wide, state, state, count)
    gate, x, into, out, step = (
        g.times(part, factor) for part, factor in zip(parts, factors, strict=True)
    )
    conv = [f"{at}.conv1d.{part}" for part in ("weight", "bias")]
    columns, kernel = g.swap(g.op("Concat", x, into, out, axis=-1)), c["mamba_d_conv"]
    made = convolved(g, columns, layer, *conv, width=wide + 2 * state, kernel=kernel)
    x, into, out = g.split(g.swap(g.silu(made)), wide, state, state)
    x = g.reshape(x, 0, 0, count, size)
    into = g.op("Unsqueeze", into, g.const([2, 3]))  # [batch, new, 1, 1, state]
    out = g.op("Unsqueeze", out, g.const([2, 4]))  # [batch, new, 1, state, 1]
    step = g.op("Softplus", g.op("Add", step, f"{at}.dt_bias"))
    rate = g.op("Neg", g.op("Exp", f"{at}.A_log"))
    decay = g.op("Unsqueeze", g.op("Exp", g.op("Mul", step, rate)), g.const([3, 4]))
    fed = g.op("Mul", x, g.op("Unsqueeze", step, g.const([3])))
    change = g.op("Mul", g.op("Unsqueeze", fed, g.const([4])), into)
    inputs = {"decay": decay, "change": change}
    states = scanned(g, f"past_ssm.{layer}", ["batch", count, size, state], inputs, DECAYING)
    y = g.op("Squeeze", g.op("MatMul", states, out), g.const([4]))
    y = g.op("Add", y, g.op("Mul", x, g.op("Unsqueeze", f"{at}.D", g.const([1]))))
    y = g.op("Mul", g.reshape(y, 0, 0, -1), g.silu(gate))
    return g.linear(g.norm(y, f"{at}.norm") if gate_in_norm else y, f"{at}.out_proj")


_SIZES = ("n_heads", "d_head", "d_state")
