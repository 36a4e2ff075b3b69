"""A Llama decoder as an ONNX graph, in standard operators, with random weights from a seed.

The same weights fill transformers' LlamaForCausalLM (tests/golden/make_generation.py), so that what
runs here can be held against what torch computes. Shapes are those of SmolLM2-135M or smaller.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.engine.conftest import byte_tokenizer_json

Weights = Mapping[str, NDArray[np.float32]]
Attend = Callable[[str, int], str]
CACHED_ANGLES = 512  # positions whose angles a grouped graph has
HIDDEN = -1e9  # finite: a row that sees nothing must not become NaN


@dataclass(frozen=True)
class Shape:
    """config.json's names; the numbers are SmolLM2-135M's: huggingface.co/HuggingFaceTB."""

    hidden_size: int = 576
    intermediate_size: int = 1536
    num_hidden_layers: int = 30
    num_attention_heads: int = 9
    num_key_value_heads: int = 3
    head_dim: int = 64
    vocab_size: int = 49152
    rms_norm_eps: float = 1e-5
    rope_theta: float = 100000.0
    initializer_range: float = 0.041666666666666664
    max_position_embeddings: int = 8192
    tie_word_embeddings: bool = True


LARGE = Shape()
TINY = Shape(
    hidden_size=72,
    intermediate_size=192,
    num_hidden_layers=2,
    head_dim=8,
    vocab_size=1024,
    initializer_range=0.2,
)
GROUPED = replace(TINY, head_dim=16)  # GroupQueryAttention turns heads of no less


def random_weights(shape: Shape, seed: int = 7) -> dict[str, NDArray[np.float32]]:
    """The state dict of a LlamaForCausalLM, less the tied lm_head."""
    rng = np.random.default_rng(seed)
    return {
        name: np.ones(sizes, np.float32)
        if len(sizes) == 1
        else rng.standard_normal(sizes, np.float32) * np.float32(shape.initializer_range)
        for name, sizes in _sizes(shape)
    }


def _sizes(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, inner = shape.hidden_size, shape.intermediate_size
    heads = shape.num_attention_heads * shape.head_dim
    kv = shape.num_key_value_heads * shape.head_dim
    yield "model.embed_tokens.weight", (shape.vocab_size, width)
    for layer in range(shape.num_hidden_layers):
        for name, sizes in {
            "input_layernorm": (width,),
            "self_attn.q_proj": (heads, width),
            "self_attn.k_proj": (kv, width),
            "self_attn.v_proj": (kv, width),
            "self_attn.o_proj": (width, heads),
            "post_attention_layernorm": (width,),
            "mlp.gate_proj": (inner, width),
            "mlp.up_proj": (inner, width),
            "mlp.down_proj": (width, inner),
        }.items():
            yield f"model.layers.{layer}.{name}.weight", sizes
    yield "model.norm.weight", (width,)


@dataclass
class Graph:
    """Nodes and constants as they are added; every call gives the name of its output."""

    shape: Shape
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def op(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        output = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def const(self, value: Any, dtype: Any = np.int64) -> str:
        array = np.array(value, dtype)
        name = f"const_{array.dtype}_{array.tolist()}"
        self.constants[name] = array
        return name

    def reshape(self, value: str, *sizes: int) -> str:
        return self.op("Reshape", value, self.const(sizes))

    def heads(self, value: str, count: int) -> str:
        """[batch, n, count * dim] -> [batch, count, n, dim]"""
        apart = self.reshape(value, 0, 0, count, self.shape.head_dim)
        return self.op("Transpose", apart, perm=[0, 2, 1, 3])

    def linear(self, value: str, weight: str) -> str:
        return self.op("MatMul", value, self.op("Transpose", f"{weight}.weight", perm=[1, 0]))

    def norm(self, value: str, weight: str) -> str:
        square = self.op("ReduceMean", self.op("Mul", value, value), axes=[-1], keepdims=1)
        safe = self.op("Add", square, self.const(self.shape.rms_norm_eps, np.float32))
        return self.op("Mul", self.op("Div", value, self.op("Sqrt", safe)), f"{weight}.weight")

    def rotate(self, value: str, cos: str, sin: str) -> str:
        """https://arxiv.org/abs/2104.09864, halves as in transformers' `rotate_half`."""
        half = self.shape.head_dim // 2
        starts = [self.const([at]) for at in (0, half, 2 * half)]
        axis = self.const([3])
        first = self.op("Slice", value, starts[0], starts[1], axis)
        second = self.op("Slice", value, starts[1], starts[2], axis)
        turned = self.op("Concat", self.op("Neg", second), first, axis=3)
        return self.op("Add", self.op("Mul", value, cos), self.op("Mul", turned, sin))


def make_llama(shape: Shape, weights: Weights, attention: str = "decomposed") -> onnx.ModelProto:
    """The graph: a KV cache, logits of every position.

    `attention` is "decomposed", "grouped" (GroupQueryAttention, no position_ids) or "positioned"
    (the same with an input position_ids that nothing reads, as some exporters leave it).
    """
    g = Graph(shape)
    attend = _decomposed(g) if attention == "decomposed" else _grouped(g)
    hidden = g.op("Gather", "model.embed_tokens.weight", "input_ids")
    for layer in range(shape.num_hidden_layers):
        at = f"model.layers.{layer}"
        normed = g.norm(hidden, f"{at}.input_layernorm")
        hidden = g.op("Add", hidden, attend(normed, layer))
        normed = g.norm(hidden, f"{at}.post_attention_layernorm")
        gate, up = (g.linear(normed, f"{at}.mlp.{part}_proj") for part in ("gate", "up"))
        gated = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up)
        hidden = g.op("Add", hidden, g.linear(gated, f"{at}.mlp.down_proj"))
    final = g.norm(hidden, "model.norm")
    embedding = g.op("Transpose", "model.embed_tokens.weight", perm=[1, 0])
    g.op("MatMul", final, embedding, name="logits")
    constants = [numpy_helper.from_array(v, k) for k, v in {**weights, **g.constants}.items()]
    inputs = _inputs(shape, positions=attention != "grouped")
    graph = helper.make_graph(g.nodes, "llama", inputs, _outputs(shape), constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def _decomposed(g: Graph) -> Attend:
    angles, bias = angles_of(g), mask_of(g)
    return lambda value, layer: _attention(g, value, layer, angles, bias)


def _grouped(g: Graph) -> Attend:
    """com.microsoft.GroupQueryAttention, which counts positions from the first column."""
    angles = np.arange(CACHED_ANGLES, dtype=np.float32)[:, None] * _frequencies(g.shape)
    g.constants["cos"], g.constants["sin"] = np.cos(angles), np.sin(angles)
    seen = g.op("ReduceSum", "attention_mask", g.const([1]), keepdims=0)
    last = g.op("Cast", g.op("Sub", seen, g.const([1])), to=TensorProto.INT32)
    sizes = g.op("Gather", g.op("Shape", "attention_mask"), g.const(1))
    total = g.op("Cast", sizes, to=TensorProto.INT32)

    def attend(value: str, layer: int) -> str:
        at = f"model.layers.{layer}.self_attn"
        projected = [g.linear(value, f"{at}.{part}_proj") for part in "qkv"]
        pasts = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        mixed = f"{at}.mixed"
        node = helper.make_node(
            "GroupQueryAttention",
            [*projected, *pasts, last, total, "cos", "sin"],
            [mixed, *(past.replace("past_key_values", "present") for past in pasts)],
            domain="com.microsoft",
            num_heads=g.shape.num_attention_heads,
            kv_num_heads=g.shape.num_key_value_heads,
            do_rotary=1,
        )
        g.nodes.append(node)
        return g.linear(mixed, f"{at}.o_proj")

    return attend


def _frequencies(shape: Shape) -> NDArray[np.float32]:
    powers = np.arange(0, shape.head_dim, 2, dtype=np.float32) / np.float32(shape.head_dim)
    return (1.0 / np.float32(shape.rope_theta) ** powers).astype(np.float32)


def angles_of(g: Graph) -> tuple[str, str]:
    """cos and sin [batch, 1, n, dim] of each position."""
    g.constants["frequencies"] = np.tile(_frequencies(g.shape), 2)
    places = g.op("Cast", "position_ids", to=TensorProto.FLOAT)
    column = g.op("Unsqueeze", places, g.const([1, 3]))
    angles = g.op("Mul", column, "frequencies")
    return g.op("Cos", angles), g.op("Sin", angles)


def mask_of(g: Graph) -> str:
    """[batch, 1, n, total]: 0 where a position may be seen, else far below 0."""
    new = g.op("Gather", g.op("Shape", "input_ids"), g.const(1))
    total = g.op("Gather", g.op("Shape", "attention_mask"), g.const(1))
    zero, one = g.const(0), g.const(1)
    keys = g.op("Range", zero, total, one)
    queries = g.op("Range", g.op("Sub", total, new), total, one)
    causal = g.op("LessOrEqual", keys, g.op("Unsqueeze", queries, g.const([1])))
    real = g.op("Cast", "attention_mask", to=TensorProto.BOOL)
    seen = g.op("And", causal, g.op("Unsqueeze", real, g.const([1, 2])))
    return g.op("Where", seen, g.const(0, np.float32), g.const(HIDDEN, np.float32))


def _attention(g: Graph, value: str, layer: int, angles: tuple[str, str], bias: str) -> str:
    shape, at = g.shape, f"model.layers.{layer}.self_attn"
    kv = shape.num_key_value_heads
    query = g.rotate(g.heads(g.linear(value, f"{at}.q_proj"), shape.num_attention_heads), *angles)
    new = {
        "key": g.rotate(g.heads(g.linear(value, f"{at}.k_proj"), kv), *angles),
        "value": g.heads(g.linear(value, f"{at}.v_proj"), kv),
    }
    cached = [
        g.op("Concat", f"past_key_values.{layer}.{n}", v, axis=2, name=f"present.{layer}.{n}")
        for n, v in new.items()
    ]
    group = shape.num_attention_heads // kv
    # Queries of a group share a key: [batch, kv, group, n, dim] against [batch, kv, 1, total, dim].
    grouped = g.reshape(query, 0, kv, group, -1, shape.head_dim)
    key, values = (g.op("Unsqueeze", one, g.const([2])) for one in cached)
    scores = g.op("MatMul", grouped, g.op("Transpose", key, perm=[0, 1, 2, 4, 3]))
    scaled = g.op("Mul", scores, g.const(shape.head_dim**-0.5, np.float32))
    weights = g.op("Softmax", g.op("Add", scaled, g.op("Unsqueeze", bias, g.const([2]))), axis=-1)
    mixed = g.reshape(g.op("MatMul", weights, values), 0, kv * group, -1, shape.head_dim)
    together = g.op("Transpose", mixed, perm=[0, 2, 1, 3])
    return g.linear(g.reshape(together, 0, 0, -1), f"{at}.o_proj")


def _inputs(shape: Shape, *, positions: bool) -> list[onnx.ValueInfoProto]:
    make, whole = helper.make_tensor_value_info, TensorProto.INT64
    return [
        make("input_ids", whole, ["batch", "new"]),
        make("attention_mask", whole, ["batch", "total"]),
        *([make("position_ids", whole, ["batch", "new"])] if positions else []),
        *_caches(shape, "past_key_values", "past"),
    ]


def _outputs(shape: Shape) -> list[onnx.ValueInfoProto]:
    sizes: list[str | int | None] = ["batch", "new", shape.vocab_size]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, sizes)
    return [logits, *_caches(shape, "present", "total")]


def _caches(shape: Shape, prefix: str, length: str) -> list[onnx.ValueInfoProto]:
    sizes: list[str | int | None] = ["batch", shape.num_key_value_heads, length, shape.head_dim]
    return [
        helper.make_tensor_value_info(f"{prefix}.{layer}.{part}", TensorProto.FLOAT, sizes)
        for layer in range(shape.num_hidden_layers)
        for part in ("key", "value")
    ]


def config_of(shape: Shape) -> dict[str, Any]:
    """The config.json."""
    fixed = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu"}
    return {**fixed, **asdict(shape)}


def write_llama(folder: Path, shape: Shape, attention: str = "decomposed") -> Path:
    """A whole model folder with the byte tokenizer of the engine's tests; returns the folder."""
    (folder / "onnx").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config_of(shape)))
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    onnx.save(make_llama(shape, random_weights(shape), attention), folder / "onnx/model.onnx")
    return folder
