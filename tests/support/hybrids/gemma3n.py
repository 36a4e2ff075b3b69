"""Gemma 3n's part that writes text: Gemma 4's embeddings for each layer and shared caches, and four
streams of which one goes through the layers (AltUp).
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import onnx

from tests.support.hybrids.gemma4 import cached, each_layers, gelu, make_embedder
from tests.support.hybrids.parts import (
    LOGITS,
    Hybrid,
    angles_from,
    attended,
    bias_of,
    frequencies,
    heads,
    logits_of,
    model_of,
    places_of,
)
from tests.support.hybrids.shapes import GEMMA3N, WIDTH
from tests.support.hybrids.weights import weights

LAYERS: list[str] = GEMMA3N["layer_types"]
OWN = len(LAYERS) - GEMMA3N["num_kv_shared_layers"]  # layers with a cache
STREAMS: int = GEMMA3N["altup_num_inputs"]
SIZE = 8  # of a head
BASES = {"sliding_attention": 1e4, "full_attention": 1e6}


def make_gemma3n() -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The decoder, and the graph that embeds for it."""
    g = Hybrid()
    places = places_of(g)
    angles = {kind: angles_from(g, places, frequencies(b, SIZE)) for kind, b in BASES.items()}
    bias = {
        "sliding_attention": bias_of(g, "inputs_embeds", GEMMA3N["sliding_window"]),
        "full_attention": bias_of(g, "inputs_embeds"),
    }
    caches: dict[str, tuple[str, str]] = {}
    each, streams = each_layers(g), _streams(g, "inputs_embeds")
    for layer, kind in enumerate(LAYERS):
        at = f"model.layers.{layer}"
        predicted = _predicted(g, streams, at)
        active = g.op("Gather", predicted, g.const(0), axis=3)
        normed = g.norm(active, f"{at}.input_layernorm")
        if layer < OWN:
            caches[kind] = cached(g, normed, layer, angles[kind], SIZE)
        query = heads(g, g.linear(normed, f"{at}.self_attn.q_proj"), 4, SIZE)
        query = g.turn(g.norm(query, f"{at}.self_attn.q_norm"), angles[kind], SIZE, SIZE)
        mixed = attended(g, query, caches[kind], bias[kind], 2, SIZE, 1.0)
        mixed = g.norm(g.linear(mixed, f"{at}.self_attn.o_proj"), f"{at}.post_attention_layernorm")
        both = g.op("Add", g.op("Add", active, mixed), _laurel(g, normed, at))
        activated = _fed(g, g.times(both, 2**-0.5), layer)
        own = g.op("Gather", each, g.const(layer), axis=2)
        streams = _corrected(g, predicted, activated, own, at)
    parts = [g.op("Gather", streams, g.const(number), axis=3) for number in range(STREAMS)]
    unembed = "model.altup_unembed_projections"
    alike = [_as_large(g, one, parts[0], f"{unembed}.{n}") for n, one in enumerate(parts[1:])]
    mean = g.times(g.op("Sum", parts[0], *alike), 1 / STREAMS)
    logits_of(g, g.norm(mean, "model.norm"), "model.embed_tokens", 30.0)
    return model_of(g, {"logits": LOGITS}, weights("gemma3n")), make_embedder("gemma3n")


def _size_of(g: Hybrid, value: str) -> str:
    """The root of the mean square."""
    return g.op("Sqrt", g.op("ReduceMean", g.op("Mul", value, value), axes=[-1], keepdims=1))


def _as_large(g: Hybrid, value: str, other: str, weight: str) -> str:
    """A projection, made as large as another value."""
    made = g.linear(value, weight)
    ratio = g.op("Div", _size_of(g, other), _size_of(g, made))
    return g.op("Mul", made, ratio)


def _streams(g: Hybrid, value: str) -> str:
    """[batch, n, WIDTH, STREAMS]"""
    names = [f"model.altup_projections.{number}" for number in range(STREAMS - 1)]
    parts = [value, *(_as_large(g, value, value, name) for name in names)]
    return g.op("Concat", *(g.op("Unsqueeze", part, g.const([3])) for part in parts), axis=3)


def _routed(g: Hybrid, value: str, at: str) -> str:
    normed = g.times(g.norm(value, f"{at}.altup.router_norm"), 1 / WIDTH)
    return g.op("Tanh", g.linear(normed, f"{at}.altup.modality_router"))  # [batch, n, STREAMS]


def _predicted(g: Hybrid, streams: str, at: str) -> str:
    """What AltUp expects of a layer."""
    active = g.op("Gather", streams, g.const(0), axis=3)
    factors = g.linear(_routed(g, active, at), f"{at}.altup.prediction_coefs")
    factors = g.op("Transpose", g.reshape(factors, 0, 0, STREAMS, STREAMS), perm=[0, 1, 3, 2])
    return g.op("Add", g.op("MatMul", streams, factors), streams)


def _corrected(g: Hybrid, predicted: str, activated: str, own: str, at: str) -> str:
    """The streams after a layer, but for the first with what it gets of the token itself."""
    news = g.op("Sub", activated, g.op("Gather", predicted, g.const(0), axis=3))
    factors = g.linear(_routed(g, activated, at), f"{at}.altup.correction_coefs")
    factors = g.op("Unsqueeze", g.op("Add", factors, g.const(1, np.float32)), g.const([2]))
    streams = g.op("Mul", g.op("Unsqueeze", news, g.const([3])), factors)
    streams = g.op("Add", streams, predicted)
    first = g.op("Gather", streams, g.const(0), axis=3)
    first = g.op("Mul", first, f"{at}.altup.correct_output_scale")
    gate = gelu(g, g.linear(first, f"{at}.per_layer_input_gate"))
    made = g.linear(g.op("Mul", gate, own), f"{at}.per_layer_projection")
    made = g.op("Unsqueeze", g.norm(made, f"{at}.post_per_layer_input_norm"), g.const([3]))
    others = g.const([0.0, *[1.0] * (STREAMS - 1)], np.float32)
    return g.op("Add", streams, g.op("Mul", made, others))


def _laurel(g: Hybrid, value: str, at: str) -> str:
    low = g.linear(g.linear(value, f"{at}.laurel.linear_left"), f"{at}.laurel.linear_right")
    return g.op("Add", value, g.norm(low, f"{at}.laurel.post_laurel_norm"))


def _fed(g: Hybrid, value: str, layer: int) -> str:
    """The first layers keep of the gate what is far above its mean."""
    at, sparsity = f"model.layers.{layer}", GEMMA3N["activation_sparsity_pattern"][layer]
    normed = g.norm(value, f"{at}.pre_feedforward_layernorm")
    gate = g.linear(normed, f"{at}.mlp.gate_proj")
    if sparsity:
        apart = g.op("Sub", gate, g.op("ReduceMean", gate, axes=[-1], keepdims=1))
        gate = g.op(
            "Relu", g.op("Sub", apart, g.times(_size_of(g, apart), NormalDist().inv_cdf(sparsity)))
        )
    up = g.op("Mul", gelu(g, gate), g.linear(normed, f"{at}.mlp.up_proj"))
    down = g.linear(up, f"{at}.mlp.down_proj")
    return g.op("Add", value, g.norm(down, f"{at}.post_feedforward_layernorm"))
