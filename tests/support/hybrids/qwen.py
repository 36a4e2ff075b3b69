"""Qwen3-Next and Qwen3.5: linear attention with a gated delta rule, between layers of attention.

Qwen3.5 is exported as what is left of a model that sees: ids are embedded by a graph of their own,
and places are told in time, height and width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from tests.support.hybrids.parts import (
    LOGITS,
    PLACES_3D,
    Hybrid,
    Sizes,
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
from tests.support.hybrids.shapes import QWEN3_5, QWEN3_NEXT, WIDTH
from tests.support.hybrids.weights import weights

KEYS, VALUES, SIZE = 2, 4, 8  # heads of keys and of values, and their size
TURNED, HEAD = 8, 16  # dimensions that positions turn, of those of a head
Weights = dict[str, NDArray[np.float32]]


def make_qwen3_next() -> onnx.ModelProto:
    """Ids in, positions as one row."""
    g, held = Hybrid(), _for_graph(_unmixed(weights("qwen3_next")))
    angles, bias = angles_from(g, places_of(g), frequencies(10000.0, TURNED)), bias_of(g)
    hidden = g.op("Gather", "model.embed_tokens.weight", "input_ids")
    _layers(g, hidden, QWEN3_NEXT, angles, bias)
    return model_of(g, {"logits": LOGITS}, held)


def make_qwen3_5() -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The decoder, and the graph that embeds for it."""
    g, held = Hybrid(), _for_graph(weights("qwen3_5"))
    # Each frequency turns by the place in one of the three rows: transformers' interleaved mrope.
    section = QWEN3_5["rope_parameters"]["mrope_section"]
    rows = [0] * (TURNED // 2)
    for row in (1, 2):
        rows[row : 3 * section[row] : 3] = [row] * len(rows[row : 3 * section[row] : 3])
    told = g.op("Gather", g.op("Cast", "position_ids", to=TensorProto.FLOAT), g.const(rows), axis=0)
    places = g.op("Transpose", told, perm=[1, 2, 0])  # [batch, n, TURNED / 2]
    angles = angles_from(g, places, frequencies(10000.0, TURNED))
    _layers(g, "inputs_embeds", QWEN3_5, angles, bias_of(g, "inputs_embeds"))
    decoder = model_of(g, {"logits": LOGITS}, held, places=PLACES_3D)
    e = Hybrid()
    e.op("Gather", "model.embed_tokens.weight", "input_ids", name="inputs_embeds")
    return decoder, model_of(e, {"inputs_embeds": ["batch", "new", WIDTH]}, held)


def _for_graph(held: Weights) -> Weights:
    """Norms scale by 1 more than their weights, but for those of linear attention."""
    return {
        name: value + ("norm.weight" in name and "linear_attn" not in name)
        for name, value in held.items()
    }


def _unmixed(held: Weights) -> Weights:
    """Qwen3-Next has the four projections of a head of keys side by side; Qwen3.5 has four."""
    found = dict(held)
    group = VALUES // KEYS
    for name in [name for name in held if name.endswith("in_proj_qkvz.weight")]:
        at = name.removesuffix("_qkvz.weight")
        mixed = found.pop(name).reshape(KEYS, -1, WIDTH)
        ends = np.cumsum([SIZE, SIZE, group * SIZE])
        *qkv, z = (part.reshape(-1, WIDTH) for part in np.split(mixed, ends, axis=1))
        b, a = np.split(found.pop(f"{at}_ba.weight").reshape(KEYS, -1, WIDTH), 2, axis=1)
        found |= {f"{at}_qkv.weight": np.concatenate(qkv), f"{at}_z.weight": z}
        found |= {f"{at}_{n}.weight": part.reshape(-1, WIDTH) for n, part in (("b", b), ("a", a))}
    return found


def _layers(g: Hybrid, hidden: str, c: dict[str, Any], angles: tuple[str, str], bias: str) -> None:
    for layer, kind in enumerate(c["layer_types"]):
        at = f"model.layers.{layer}"
        normed = g.norm(hidden, f"{at}.input_layernorm")
        if kind == "linear_attention":
            mixed = _delta(g, normed, layer)
        else:
            mixed = _attention(g, normed, layer, angles, bias)
        hidden = g.op("Add", hidden, mixed)
        normed = g.norm(hidden, f"{at}.post_attention_layernorm")
        parts = ("gate_proj", "up_proj", "down_proj")
        hidden = g.op("Add", hidden, g.gated(normed, f"{at}.mlp", *parts))
    logits_of(g, g.norm(hidden, "model.norm"), "model.embed_tokens")


def _attention(g: Hybrid, value: str, layer: int, angles: tuple[str, str], bias: str) -> str:
    """Half of what q_proj gives is a gate."""
    at = f"model.layers.{layer}.self_attn"
    both = g.reshape(g.linear(value, f"{at}.q_proj"), 0, 0, 4, 2 * HEAD)
    query, gate = g.split(both, HEAD, HEAD)
    query = heads(g, g.reshape(query, 0, 0, -1), 4, HEAD)
    key, new = (heads(g, g.linear(value, f"{at}.{part}_proj"), 2, HEAD) for part in "kv")
    query, key = (
        g.turn(g.norm(one, f"{at}.{part}_norm"), angles, TURNED, HEAD)
        for part, one in (("q", query), ("k", key))
    )
    mixed = attended(g, query, kept(g, layer, key, new, 2, HEAD), bias, 2, HEAD, HEAD**-0.5)
    open_ = g.op("Sigmoid", g.reshape(gate, 0, 0, -1))
    return g.linear(g.op("Mul", mixed, open_), f"{at}.o_proj")


def _delta(g: Hybrid, value: str, layer: int) -> str:
    """transformers' GatedDeltaNet, as its recurrent form computes it."""
    at, keys, wide = f"model.layers.{layer}.linear_attn", KEYS * SIZE, VALUES * SIZE
    columns = g.swap(g.linear(value, f"{at}.in_proj_qkv"))
    made = convolved(g, columns, layer, f"{at}.conv1d.weight", width=2 * keys + wide, kernel=4)
    query, key, new = g.split(g.swap(g.silu(made)), keys, keys, wide)
    query, key = (_normed(g, one) for one in (query, key))
    step = g.op("Softplus", g.op("Add", g.linear(value, f"{at}.in_proj_a"), f"{at}.dt_bias"))
    rate = g.op("Neg", g.op("Exp", f"{at}.A_log"))
    decay, beta = (
        g.op("Exp", g.op("Mul", step, rate)),
        g.op("Sigmoid", g.linear(value, f"{at}.in_proj_b")),
    )
    whole = g.const([3, 4])
    inputs = {
        "decay": g.op("Unsqueeze", decay, whole),  # [batch, new, heads, 1, 1]
        "beta": g.op("Unsqueeze", beta, whole),
        "key": g.op("Unsqueeze", key, g.const([4])),  # [batch, new, heads, SIZE, 1]
        "row": g.op("Unsqueeze", key, g.const([3])),
        "query": g.op("Unsqueeze", g.times(query, SIZE**-0.5), g.const([3])),
        "value": g.op("Unsqueeze", g.reshape(new, 0, 0, VALUES, SIZE), g.const([3])),
    }
    state: Sizes = ["batch", VALUES, SIZE, SIZE]
    told = g.op(
        "Squeeze", scanned(g, f"past_recurrent.{layer}", state, inputs, _RULE), g.const([3])
    )
    gate = g.reshape(g.linear(value, f"{at}.in_proj_z"), 0, 0, VALUES, SIZE)
    rows = g.op("Mul", g.norm(told, f"{at}.norm"), g.silu(gate))
    return g.linear(g.reshape(rows, 0, 0, -1), f"{at}.out_proj")


def _normed(g: Hybrid, value: str) -> str:
    """Heads of keys of length 1, each once for every head of values that it serves."""
    apart = g.reshape(value, 0, 0, KEYS, SIZE)
    square = g.op("ReduceSum", g.op("Mul", apart, apart), g.const([-1]), keepdims=1)
    length = g.op("Sqrt", g.op("Add", square, g.const(1e-6, np.float32)))
    order = [head // (VALUES // KEYS) for head in range(VALUES)]
    return g.op("Gather", g.op("Div", apart, length), g.const(order), axis=2)


# What the state says of a key is taken out of it, and the value put in, as far as beta says.
_RULE = (
    ("Mul", ["before", "decay"], "less"),
    ("MatMul", ["row", "less"], "known"),
    ("Sub", ["value", "known"], "missing"),
    ("Mul", ["missing", "beta"], "learnt"),
    ("MatMul", ["key", "learnt"], "change"),
    ("Add", ["less", "change"], "after"),
    ("MatMul", ["query", "after"], "told"),
)
