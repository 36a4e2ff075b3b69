"""Small graphs with one GroupQueryAttention in its variants, as exporters write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

VOCABULARY, HEADS, KV_HEADS, DIM, HIDDEN, CACHED = 40, 4, 2, 32, 32, 64
Array = NDArray[Any]
Cache = dict[str, Array]


@dataclass(frozen=True)
class Variant:
    """What differs between exports; `settings` are the node's further attributes."""

    packed: bool = False
    turned: int = DIM  # elements of each head that are turned, 0: none
    positions: bool = False  # the node is given position_ids
    bias: bool = False  # the node is given an attention_bias
    opset: int = 18
    settings: dict[str, Any] = field(default_factory=dict)


def make_grouped(variant: Variant) -> onnx.ModelProto:
    """ids -> embedding -> attention -> logits of all rows."""
    make, floats = helper.make_tensor_value_info, TensorProto.FLOAT
    inputs = [make("input_ids", TensorProto.INT64, ["batch", "new"])]
    inputs.append(make("attention_mask", TensorProto.INT64, ["batch", "total"]))
    if variant.positions:
        inputs.append(make("position_ids", TensorProto.INT64, ["batch", "new"]))
    outputs = [make("logits", floats, ["batch", "new", VOCABULARY])]
    for part in ("key", "value"):
        shape: list[str | int | None] = ["batch", KV_HEADS, "past", DIM]
        inputs.append(make(f"past_key_values.0.{part}", floats, shape))
        outputs.append(make(f"present.0.{part}", floats, ["batch", KV_HEADS, "total", DIM]))
    constants = [numpy_helper.from_array(v, k) for k, v in _constants(variant).items()]
    graph = helper.make_graph(_nodes(variant), "grouped", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", variant.opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def _constants(variant: Variant) -> dict[str, Array]:
    rng = np.random.default_rng(5)

    def random(*shape: int) -> Array:
        return rng.standard_normal(shape, np.float32)

    angles = np.outer(np.arange(CACHED), 100.0 ** -np.arange(0, 1, 2 / max(variant.turned, 1)))
    return {
        "embedding": random(VOCABULARY, HIDDEN),
        "q": random(HIDDEN, HEADS * DIM) / 6,
        "k": random(HIDDEN, KV_HEADS * DIM) / 6,
        "v": random(HIDDEN, KV_HEADS * DIM) / 6,
        "qkv": random(HIDDEN, (HEADS + 2 * KV_HEADS) * DIM) / 6,
        "head": random(HEADS * DIM, VOCABULARY) / 8,
        "cos": np.cos(angles).astype(np.float32),
        "sin": np.sin(angles).astype(np.float32),
        "one": np.array([1]),
        "at_one": np.array(1),
        "bias": np.zeros((1, 1, 1, 1), np.float32),
    }


def _nodes(variant: Variant) -> list[onnx.NodeProto]:
    make, whole = helper.make_node, TensorProto.INT32
    nodes = [
        make("Gather", ["embedding", "input_ids"], ["x"]),
        make("ReduceSum", ["attention_mask", "one"], ["count"], keepdims=0),
        make("Sub", ["count", "one"], ["last"]),
        make("Cast", ["last"], ["seqlens"], to=whole),
        make("Shape", ["attention_mask"], ["sizes"]),
        make("Gather", ["sizes", "at_one"], ["length"]),
        make("Cast", ["length"], ["total"], to=whole),
    ]
    made = ["qkv"] if variant.packed else ["q", "k", "v"]
    nodes += [make("MatMul", ["x", name], [f"{name}_out"]) for name in made]
    given = [*(f"{name}_out" for name in made), *[""] * (3 - len(made))]
    given += ["past_key_values.0.key", "past_key_values.0.value", "seqlens", "total"]
    given += ["cos", "sin"] if variant.turned else ["", ""]
    given += ["position_ids" if variant.positions else "", "bias" if variant.bias else ""]
    settings = {"num_heads": HEADS, "kv_num_heads": KV_HEADS, **variant.settings}
    settings["do_rotary"] = int(variant.turned > 0)
    found = ["found", "present.0.key", "present.0.value"]
    while not given[-1]:
        given.pop()
    kind = "GroupQueryAttention"
    nodes.append(make(kind, given, found, domain="com.microsoft", name="attention", **settings))
    return [*nodes, make("MatMul", ["found", "head"], ["logits"])]


class Runs:
    """A graph in onnxruntime, fed as a whole batch, each sequence with its padding on the left."""

    def __init__(self, model: ir.Model | onnx.ModelProto) -> None:
        proto = ir.to_proto(model) if isinstance(model, ir.Model) else model
        self.session = onnxruntime.InferenceSession(
            proto.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        self.inputs = {value.name for value in self.session.get_inputs()}

    def step(
        self, ids: Array, cache: Cache | None = None, padding: tuple[int, ...] = (0,)
    ) -> tuple[Array, Cache]:
        """Logits [batch, new, vocabulary] and the cache for the next step."""
        empty = np.zeros((len(ids), KV_HEADS, 0, DIM), np.float32)
        names = [f"past_key_values.0.{part}" for part in ("key", "value")]
        cache = cache or dict.fromkeys(names, empty)
        columns = np.arange(cache[names[0]].shape[2] + ids.shape[1])
        left = np.array(padding)[:, None]
        whole = np.broadcast_to(columns, (len(ids), len(columns)))
        feeds = {
            "input_ids": ids,
            "attention_mask": (whole >= left).astype(np.int64),
            "position_ids": np.maximum(whole - left, 0)[:, -ids.shape[1] :],
            **cache,
        }
        feeds = {name: value for name, value in feeds.items() if name in self.inputs}
        logits, *present = self.session.run(["logits", "present.0.key", "present.0.value"], feeds)
        return logits, dict(zip(names, present, strict=True))
