"""Hybrid decoders as ONNX graphs in standard operators, with random weights from a seed.

LFM2 has short convolutions between layers of attention, Mamba has state spaces alone. The same
weights fill transformers' models (tests/golden/make_caches.py), so that what runs here can be held
against what torch computes. Inputs and outputs are named as Transformers.js names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.engine.conftest import byte_tokenizer_json
from tests.hybrid_weights import (
    CONFIGS,
    KERNEL,
    LFM2,
    MAMBA,
    RANK,
    STATE,
    VOCABULARY,
    WIDTH,
    weights,
)
from tests.llama import TINY, Graph, angles_of, mask_of

SHAPE = replace(
    TINY,
    hidden_size=WIDTH,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
    vocab_size=VOCABULARY,
    rope_theta=10000.0,
)


def make_lfm2() -> onnx.ModelProto:
    """Short convolutions and attention."""
    g = Graph(SHAPE)
    angles, bias = angles_of(g), mask_of(g)
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
        gate = _silu(g, g.linear(normed, f"{at}.feed_forward.w1"))
        up = g.op("Mul", gate, g.linear(normed, f"{at}.feed_forward.w3"))
        hidden = g.op("Add", hidden, g.linear(up, f"{at}.feed_forward.w2"))
    caches: dict[str, list[str | int | None]] = {}
    for layer, kind in enumerate(LFM2["layer_types"]):
        if kind == "conv":
            caches[f"past_conv.{layer}"] = ["batch", WIDTH, KERNEL]
        else:
            for part in ("key", "value"):
                caches[f"past_key_values.{layer}.{part}"] = ["batch", 2, "past", 8]
    return _model(g, hidden, "model.embedding_norm", "model.embed_tokens", "lfm2", caches)


def _silu(g: Graph, value: str) -> str:
    return g.op("Mul", value, g.op("Sigmoid", value))


def _convolved(g: Graph, columns: str, layer: int, weight: str, bias: str = "") -> str:
    """A causal convolution of columns [batch, width, new] behind the last ones."""
    past = f"past_conv.{layer}"
    joined = g.op("Concat", past, columns, axis=2)
    ends, axis = [g.const([np.iinfo(np.int64).max])], g.const([2])
    g.op("Slice", joined, g.const([-KERNEL]), *ends, axis, name=f"present_conv.{layer}")
    # The oldest column of the state is one that no new token sees.
    seen = g.op("Slice", joined, g.const([1]), *ends, axis)
    width = 2 * WIDTH if bias else WIDTH
    return g.op("Conv", seen, weight, *filter(None, [bias]), group=width)


def _short_convolution(g: Graph, value: str, layer: int) -> str:
    at = f"model.layers.{layer}.conv"
    columns = g.op("Transpose", g.linear(value, f"{at}.in_proj"), perm=[0, 2, 1])
    sizes = [g.const([size]) for size in (0, WIDTH, 2 * WIDTH, 3 * WIDTH)]
    before, after, x = (
        g.op("Slice", columns, start, end, g.const([1])) for start, end in pairwise(sizes)
    )
    made = _convolved(g, g.op("Mul", before, x), layer, f"{at}.conv.weight")
    rows = g.op("Transpose", g.op("Mul", after, made), perm=[0, 2, 1])
    return g.linear(rows, f"{at}.out_proj")


def _attention(g: Graph, value: str, layer: int, angles: tuple[str, str], bias: str) -> str:
    at = f"model.layers.{layer}.self_attn"
    query, key, new = (
        g.heads(g.linear(value, f"{at}.{part}_proj"), count)
        for part, count in (("q", 4), ("k", 2), ("v", 2))
    )
    query = g.rotate(g.norm(query, f"{at}.q_layernorm"), *angles)
    key = g.rotate(g.norm(key, f"{at}.k_layernorm"), *angles)
    keys, values = (
        g.op("Concat", f"past_key_values.{layer}.{n}", one, axis=2, name=f"present.{layer}.{n}")
        for n, one in (("key", key), ("value", new))
    )
    grouped = g.reshape(query, 0, 2, 2, -1, 8)
    keys, values = (g.op("Unsqueeze", one, g.const([2])) for one in (keys, values))
    scores = g.op("MatMul", grouped, g.op("Transpose", keys, perm=[0, 1, 2, 4, 3]))
    scaled = g.op("Mul", scores, g.const(8**-0.5, np.float32))
    seen = g.op("Softmax", g.op("Add", scaled, g.op("Unsqueeze", bias, g.const([2]))), axis=-1)
    mixed = g.reshape(g.op("MatMul", seen, values), 0, 4, -1, 8)
    together = g.reshape(g.op("Transpose", mixed, perm=[0, 2, 1, 3]), 0, 0, -1)
    return g.linear(together, f"{at}.out_proj")


def make_mamba() -> onnx.ModelProto:
    """State spaces alone: neither a mask nor positions."""
    g = Graph(SHAPE)
    hidden = g.op("Gather", "backbone.embeddings.weight", "input_ids")
    caches: dict[str, list[str | int | None]] = {}
    for layer in range(MAMBA["num_hidden_layers"]):
        normed = g.norm(hidden, f"backbone.layers.{layer}.norm")
        hidden = g.op("Add", hidden, _state_space(g, normed, layer))
        caches[f"past_conv.{layer}"] = ["batch", 2 * WIDTH, KERNEL]
        caches[f"past_ssm.{layer}"] = ["batch", 2 * WIDTH, STATE]
    return _model(g, hidden, "backbone.norm_f", "backbone.embeddings", "mamba", caches)


def _state_space(g: Graph, value: str, layer: int) -> str:
    """transformers' MambaMixer."""
    at, axis, wide = f"backbone.layers.{layer}.mixer", g.const([2]), 2 * WIDTH
    projected = g.linear(value, f"{at}.in_proj")  # [batch, new, 2 * wide]
    x, gate = (
        g.op("Slice", projected, g.const([start]), g.const([start + wide]), axis)
        for start in (0, wide)
    )
    columns = g.op("Transpose", x, perm=[0, 2, 1])
    made = _silu(g, _convolved(g, columns, layer, f"{at}.conv1d.weight", f"{at}.conv1d.bias"))
    rows = g.op("Transpose", made, perm=[0, 2, 1])
    ends = [0, RANK, RANK + STATE, RANK + 2 * STATE]
    told = g.linear(rows, f"{at}.x_proj")
    step, into, out = (
        g.op("Slice", told, g.const([start]), g.const([end]), axis) for start, end in pairwise(ends)
    )
    step = g.op("Softplus", g.op("Add", g.linear(step, f"{at}.dt_proj"), f"{at}.dt_proj.bias"))
    rate = g.op("Neg", g.op("Exp", f"{at}.A_log"))  # [wide, state]
    last = g.const([3])
    decay = g.op("Exp", g.op("Mul", g.op("Unsqueeze", step, last), rate))
    fed = g.op("Unsqueeze", g.op("Mul", step, rows), last)
    change = g.op("Mul", fed, g.op("Unsqueeze", into, axis))  # [batch, new, wide, state]
    states = _scanned(g, layer, decay, change)
    read = g.op("MatMul", states, g.op("Unsqueeze", out, last))  # [batch, new, wide, 1]
    y = g.op("Add", g.op("Squeeze", read, last), g.op("Mul", rows, f"{at}.D"))
    return g.linear(g.op("Mul", y, _silu(g, gate)), f"{at}.out_proj")


def _scanned(g: Graph, layer: int, decay: str, change: str) -> str:
    """state = decay * state + change, token by token: [batch, new, wide, state]."""
    sizes: list[str | int | None] = ["batch", 2 * WIDTH, STATE]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)
        for name in ("before", "decayed", "changed", "after", "kept")
    ]
    nodes = [
        helper.make_node("Mul", ["before", "decayed"], ["less"]),
        helper.make_node("Add", ["less", "changed"], ["after"]),
        helper.make_node("Identity", ["after"], ["kept"]),
    ]
    body = helper.make_graph(nodes, "step", values[:3], values[3:])
    made = f"states_{layer}"
    attributes: dict[str, Any] = {
        "scan_input_axes": [1, 1],
        "scan_output_axes": [1],
        "num_scan_inputs": 2,
    }
    outputs = [f"present_ssm.{layer}", made]
    node = helper.make_node(
        "Scan", [f"past_ssm.{layer}", decay, change], outputs, body=body, **attributes
    )
    g.nodes.append(node)
    return made


def _model(
    g: Graph,
    hidden: str,
    norm: str,
    embedding: str,
    family: str,
    caches: Mapping[str, list[str | int | None]],
) -> onnx.ModelProto:
    turned = g.op("Transpose", f"{embedding}.weight", perm=[1, 0])
    g.op("MatMul", g.norm(hidden, norm), turned, name="logits")
    make, whole = helper.make_tensor_value_info, TensorProto.INT64
    inputs = [make("input_ids", whole, ["batch", "new"])]
    if family == "lfm2":
        inputs.append(make("attention_mask", whole, ["batch", "total"]))
        inputs.append(make("position_ids", whole, ["batch", "new"]))
    inputs += [make(name, TensorProto.FLOAT, shape) for name, shape in caches.items()]
    outputs = [make("logits", TensorProto.FLOAT, ["batch", "new", VOCABULARY])]
    for name, shape in caches.items():
        present = name.replace("past_key_values", "present").replace("past", "present")
        total: list[str | int | None] = ["total" if size == "past" else size for size in shape]
        outputs.append(make(present, TensorProto.FLOAT, total))
    held = {**weights(family), **g.constants}
    constants = [numpy_helper.from_array(value, name) for name, value in held.items()]
    graph = helper.make_graph(g.nodes, family, inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write_hybrid(folder: Path, family: str) -> Path:
    """A whole model folder with the byte tokenizer of the engine's tests; returns the folder."""
    (folder / "onnx").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIGS[family]))
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    graph = make_lfm2() if family == "lfm2" else make_mamba()
    onnx.checker.check_model(graph)
    onnx.save(graph, folder / "onnx/model.onnx")
    return folder
