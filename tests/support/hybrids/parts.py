"""What the graphs of hybrid decoders are built of: attention, convolutions, scans over tokens.

Inputs and outputs are named as Transformers.js names them: past_conv.N, past_ssm.N,
past_recurrent.N, past_key_values.N.key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.support.hybrids.shapes import HEADS, VOCABULARY, WIDTH
from tests.support.llama import HIDDEN, TINY, Graph, Shape

Sizes = list[str | int | None]
_INPUTS: dict[str, tuple[int, Sizes]] = {
    "input_ids": (TensorProto.INT64, ["batch", "new"]),
    "inputs_embeds": (TensorProto.FLOAT, ["batch", "new", None]),
    "per_layer_inputs": (TensorProto.FLOAT, ["batch", "new", None, None]),
    "attention_mask": (TensorProto.INT64, ["batch", "total"]),
    "position_ids": (TensorProto.INT64, ["batch", "new"]),
}
LOGITS: Sizes = ["batch", "new", VOCABULARY]
SHAPE = replace(TINY, hidden_size=WIDTH, vocab_size=VOCABULARY)  # rms_norm_eps is 1e-5
PLACES_3D: Sizes = [3, "batch", "new"]


@dataclass
class Hybrid(Graph):
    """A graph and the shapes of its caches, by the names of the past inputs."""

    shape: Shape = SHAPE
    caches: dict[str, Sizes] = field(default_factory=dict)

    def times(self, value: str, factor: float) -> str:
        return self.op("Mul", value, self.const(factor, np.float32))

    def silu(self, value: str) -> str:
        return self.op("Mul", value, self.op("Sigmoid", value))

    def split(self, value: str, *sizes: int, axis: int = -1) -> list[str]:
        ends = list(accumulate(sizes, initial=0))
        edges = [self.const([end]) for end in ends]
        at = self.const([axis])
        return [self.op("Slice", value, start, end, at) for start, end in pairwise(edges)]

    def swap(self, value: str) -> str:
        """[batch, a, b] -> [batch, b, a]"""
        return self.op("Transpose", value, perm=[0, 2, 1])

    def plain_norm(self, value: str) -> str:
        """RMSNorm without weights."""
        square = self.op("ReduceMean", self.op("Mul", value, value), axes=[-1], keepdims=1)
        safe = self.op("Add", square, self.const(self.shape.rms_norm_eps, np.float32))
        return self.op("Div", value, self.op("Sqrt", safe))

    def gated(self, value: str, at: str, gate: str, up: str, down: str) -> str:
        """SwiGLU."""
        one = self.silu(self.linear(value, f"{at}.{gate}"))
        return self.linear(self.op("Mul", one, self.linear(value, f"{at}.{up}")), f"{at}.{down}")

    def turn(self, value: str, angles: tuple[str, str], size: int, whole: int) -> str:
        """Rotary positions on the first `size` of `whole` dimensions [..., n, whole]."""
        turned, rest = (self.split(value, size, whole - size) if size < whole else [value, ""])[:2]
        first, second = self.split(turned, size // 2, size // 2)
        half = self.op("Concat", self.op("Neg", second), first, axis=-1)
        cos, sin = angles
        made = self.op("Add", self.op("Mul", turned, cos), self.op("Mul", half, sin))
        return self.op("Concat", made, rest, axis=-1) if rest else made

    def present(self, past: str, sizes: Sizes) -> str:
        """Notes a cache; the name of what takes its place."""
        self.caches[past] = sizes
        return past.replace("past_key_values", "present").replace("past", "present")


def frequencies(base: float, size: int, whole: int = 0) -> NDArray[np.float32]:
    """1 / base ** (i / whole) for the even i under `size`."""
    powers = np.arange(0, size, 2, dtype=np.float32) / np.float32(whole or size)
    return (1.0 / np.float32(base) ** powers).astype(np.float32)


def angles_from(g: Hybrid, places: str, rates: NDArray[np.float32]) -> tuple[str, str]:
    """cos and sin [batch, 1, n, dim] of places [batch, n, 1] or [batch, n, dim / 2]."""
    turns = g.op("Mul", places, g.const(rates, np.float32))
    both = g.op("Unsqueeze", g.op("Concat", turns, turns, axis=-1), g.const([1]))
    return g.op("Cos", both), g.op("Sin", both)


def places_of(g: Hybrid) -> str:
    """position_ids [batch, n] as floats [batch, n, 1]."""
    return g.op("Unsqueeze", g.op("Cast", "position_ids", to=TensorProto.FLOAT), g.const([2]))


def bias_of(g: Hybrid, source: str = "input_ids", window: int = 0) -> str:
    """[batch, 1, n, total]: 0 where a position may be seen, else far below 0."""
    new = g.op("Gather", g.op("Shape", source), g.const(1))
    total = g.op("Gather", g.op("Shape", "attention_mask"), g.const(1))
    zero, one = g.const(0), g.const(1)
    keys = g.op("Range", zero, total, one)
    queries = g.op("Range", g.op("Sub", total, new), total, one)
    queries = g.op("Unsqueeze", queries, g.const([1]))
    seen = g.op("LessOrEqual", keys, queries)
    if window:
        far = g.op("Sub", queries, g.const(window))
        seen = g.op("And", seen, g.op("Greater", keys, far))
    real = g.op("Cast", "attention_mask", to=TensorProto.BOOL)
    seen = g.op("And", seen, g.op("Unsqueeze", real, g.const([1, 2])))
    return g.op("Where", seen, g.const(0, np.float32), g.const(HIDDEN, np.float32))


def heads(g: Hybrid, value: str, count: int, size: int) -> str:
    """[batch, n, count * size] -> [batch, count, n, size]"""
    return g.op("Transpose", g.reshape(value, 0, 0, count, size), perm=[0, 2, 1, 3])


def kept(g: Hybrid, layer: int, key: str, value: str, kv: int, size: int) -> tuple[str, str]:
    """All keys and all values, old and new."""
    parts = []
    for name, new in (("key", key), ("value", value)):
        past = f"past_key_values.{layer}.{name}"
        present = g.present(past, ["batch", kv, "past", size])
        parts.append(g.op("Concat", past, new, axis=2, name=present))
    return parts[0], parts[1]


def attended(
    g: Hybrid, query: str, cached: tuple[str, str], bias: str, kv: int, size: int, scale: float
) -> str:
    """[batch, n, HEADS * size] of a query [batch, HEADS, n, size]; those of a group share a key."""
    grouped = g.reshape(query, 0, kv, HEADS // kv, -1, size)
    keys, values = (g.op("Unsqueeze", one, g.const([2])) for one in cached)
    scores = g.op("MatMul", grouped, g.op("Transpose", keys, perm=[0, 1, 2, 4, 3]))
    scores = g.op("Add", g.times(scores, scale), g.op("Unsqueeze", bias, g.const([2])))
    mixed = g.reshape(g.op("MatMul", g.op("Softmax", scores, axis=-1), values), 0, HEADS, -1, size)
    return g.reshape(g.op("Transpose", mixed, perm=[0, 2, 1, 3]), 0, 0, -1)


def convolved(
    g: Hybrid, columns: str, layer: int, weight: str, bias: str = "", *, width: int, kernel: int
) -> str:
    """A causal convolution of columns [batch, width, new] behind the last ones."""
    past = f"past_conv.{layer}"
    present = g.present(past, ["batch", width, kernel])
    joined = g.op("Concat", past, columns, axis=2)
    ends, axis = [g.const([np.iinfo(np.int64).max])], g.const([2])
    g.op("Slice", joined, g.const([-kernel]), *ends, axis, name=present)
    # The oldest column of the state is one that no new token sees.
    seen = g.op("Slice", joined, g.const([1]), *ends, axis)
    return g.op("Conv", seen, weight, *filter(None, [bias]), group=width)


def scanned(
    g: Hybrid,
    past: str,
    state: Sizes,
    inputs: Mapping[str, str],
    nodes: Sequence[tuple[str, list[str], str]],
) -> str:
    """One state after another, token by token: [batch, new, ...].

    inputs: of the body by their names, [batch, new, ...] outside; nodes: (operator, inputs,
    output), which make `after` of `before`, and `told`.
    """
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in ("before", *inputs, "after", "told")
    ]
    made = [helper.make_node(kind, names, [output]) for kind, names, output in nodes]
    body = helper.make_graph(made, "step", values[:-2], values[-2:])
    found = f"scanned_{past}"
    attributes: dict[str, Any] = {
        "scan_input_axes": [1] * len(inputs),
        "scan_output_axes": [1],
        "num_scan_inputs": len(inputs),
    }
    outputs = [g.present(past, state), found]
    g.nodes.append(
        helper.make_node("Scan", [past, *inputs.values()], outputs, body=body, **attributes)
    )
    return found


def logits_of(g: Hybrid, hidden: str, embedding: str, cap: float = 0) -> str:
    """The logits by the tied embedding, bent towards the cap."""
    turned = g.op("Transpose", f"{embedding}.weight", perm=[1, 0])
    if not cap:
        return g.op("MatMul", hidden, turned, name="logits")
    bent = g.op("Tanh", g.times(g.op("MatMul", hidden, turned), 1 / cap))
    return g.op("Mul", bent, g.const(cap, np.float32), name="logits")


def model_of(
    g: Hybrid,
    outputs: Mapping[str, Sizes],
    weights: Mapping[str, NDArray[np.float32]],
    *,
    places: Sizes | None = None,
) -> onnx.ModelProto:
    """The model of a graph; its inputs are what its nodes read and nothing gives."""
    read = {name for node in g.nodes for name in node.input}
    make = helper.make_tensor_value_info
    inputs = [
        make(name, dtype, places if places and name == "position_ids" else sizes)
        for name, (dtype, sizes) in _INPUTS.items()
        if name in read
    ]
    inputs += [make(past, TensorProto.FLOAT, sizes) for past, sizes in g.caches.items()]
    given = [make(name, TensorProto.FLOAT, sizes) for name, sizes in outputs.items()]
    for past, sizes in g.caches.items():
        total: Sizes = ["total" if size == "past" else size for size in sizes]
        given.append(make(g.present(past, sizes), TensorProto.FLOAT, total))
    held = {name: value for name, value in {**weights, **g.constants}.items() if name in read}
    constants = [numpy_helper.from_array(value, name) for name, value in held.items()]
    graph = helper.make_graph(g.nodes, "hybrid", inputs, given, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
