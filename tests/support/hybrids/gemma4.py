"""Gemma 4's part that writes text: embeddings of its own for every layer, from a second graph, and
last layers that look into the caches of earlier ones.
"""

from __future__ import annotations

import math

import numpy as np
import onnx

from tests.support.hybrids.parts import (
    LOGITS,
    Hybrid,
    Sizes,
    angles_from,
    attended,
    bias_of,
    frequencies,
    heads,
    kept,
    logits_of,
    model_of,
    places_of,
)
from tests.support.hybrids.shapes import GEMMA4, WIDTH
from tests.support.hybrids.weights import weights

LAYERS: list[str] = GEMMA4["layer_types"]
OWN = len(LAYERS) - GEMMA4["num_kv_shared_layers"]  # layers with a cache
SIZES = {
    kind: GEMMA4[k]
    for kind, k in (("sliding_attention", "head_dim"), ("full_attention", "global_head_dim"))
}
EACH: int = GEMMA4["hidden_size_per_layer_input"]


def make_gemma4() -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The decoder, and the graph that embeds for it."""
    g, held = Hybrid(), weights("gemma4")
    places = places_of(g)
    rates = {
        "sliding_attention": frequencies(10000.0, SIZES["sliding_attention"]),
        "full_attention": np.concatenate(  # a quarter of the dimensions turns
            [frequencies(1e6, 4, SIZES["full_attention"]), np.zeros(6, np.float32)]
        ),
    }
    angles = {kind: angles_from(g, places, rate) for kind, rate in rates.items()}
    bias = {
        "sliding_attention": bias_of(g, "inputs_embeds", GEMMA4["sliding_window"]),
        "full_attention": bias_of(g, "inputs_embeds"),
    }
    caches: dict[str, tuple[str, str]] = {}
    each, hidden = each_layers(g), "inputs_embeds"
    for layer, kind in enumerate(LAYERS):
        at = f"model.layers.{layer}"
        normed = g.norm(hidden, f"{at}.input_layernorm")
        if layer < OWN:
            caches[kind] = cached(g, normed, layer, angles[kind], SIZES[kind])
        query = heads(g, g.linear(normed, f"{at}.self_attn.q_proj"), 4, SIZES[kind])
        query = g.norm(query, f"{at}.self_attn.q_norm")
        query = g.turn(query, angles[kind], SIZES[kind], SIZES[kind])
        mixed = attended(g, query, caches[kind], bias[kind], 2, SIZES[kind], 1.0)
        mixed = g.linear(mixed, f"{at}.self_attn.o_proj")
        hidden = g.op("Add", hidden, g.norm(mixed, f"{at}.post_attention_layernorm"))
        hidden = _fed(g, hidden, at)
        own = g.op("Gather", each, g.const(layer), axis=2)
        hidden = g.op("Mul", _with_own(g, hidden, own, at), f"{at}.layer_scalar")
    cap = GEMMA4["final_logit_softcapping"]
    logits_of(g, g.norm(hidden, "model.norm"), "model.embed_tokens", cap)
    return model_of(g, {"logits": LOGITS}, held), make_embedder("gemma4")


def make_embedder(family: str) -> onnx.ModelProto:
    """The graph that embeds; Gemma 3n has the same."""
    e = Hybrid()
    whole = e.op("Gather", "model.embed_tokens.weight", "input_ids")
    e.op("Mul", whole, e.const(math.sqrt(WIDTH), np.float32), name="inputs_embeds")
    each = e.op("Gather", "model.embed_tokens_per_layer.weight", "input_ids")
    shape = e.const([0, 0, len(LAYERS), EACH])
    e.op("Reshape", e.times(each, math.sqrt(EACH)), shape, name="per_layer_inputs")
    outputs: dict[str, Sizes] = {
        "inputs_embeds": ["batch", "new", WIDTH],
        "per_layer_inputs": ["batch", "new", len(LAYERS), EACH],
    }
    return model_of(e, outputs, weights(family))


def each_layers(g: Hybrid) -> str:
    """What every layer gets of a token: its own embedding, and a projection of the common one."""
    made = g.linear("inputs_embeds", "model.per_layer_model_projection")
    made = g.reshape(g.times(made, WIDTH**-0.5), 0, 0, len(LAYERS), EACH)
    made = g.norm(made, "model.per_layer_projection_norm")
    return g.times(g.op("Add", made, "per_layer_inputs"), 2**-0.5)


def cached(
    g: Hybrid, value: str, layer: int, angles: tuple[str, str], size: int
) -> tuple[str, str]:
    """All keys and values, with the new ones of a layer; values have a norm too."""
    at = f"model.layers.{layer}.self_attn"
    key, new = (heads(g, g.linear(value, f"{at}.{part}_proj"), 2, size) for part in "kv")
    key = g.turn(g.norm(key, f"{at}.k_norm"), angles, size, size)
    return kept(g, layer, key, g.plain_norm(new), 2, size)


def _fed(g: Hybrid, hidden: str, at: str) -> str:
    normed = g.norm(hidden, f"{at}.pre_feedforward_layernorm")
    gate = gelu(g, g.linear(normed, f"{at}.mlp.gate_proj"))
    up = g.op("Mul", gate, g.linear(normed, f"{at}.mlp.up_proj"))
    down = g.linear(up, f"{at}.mlp.down_proj")
    return g.op("Add", hidden, g.norm(down, f"{at}.post_feedforward_layernorm"))


def _with_own(g: Hybrid, hidden: str, own: str, at: str) -> str:
    gate = gelu(g, g.linear(hidden, f"{at}.per_layer_input_gate"))
    made = g.linear(g.op("Mul", gate, own), f"{at}.per_layer_projection")
    return g.op("Add", hidden, g.norm(made, f"{at}.post_per_layer_input_norm"))


def gelu(g: Hybrid, value: str) -> str:
    """By tanh."""
    cube = g.op("Mul", g.op("Mul", value, value), value)
    inner = g.op("Add", value, g.times(cube, 0.044715))
    bent = g.op("Tanh", g.times(inner, math.sqrt(2 / math.pi)))
    return g.op("Mul", g.times(value, 0.5), g.op("Add", bent, g.const(1, np.float32)))
