"""Weights in the shape of SmolLM2-135M, made from a seed, in the forms that each contender reads.

Speed and memory do not depend on the weights' values. `export` is the graph as the hub's exports
have it: GroupQueryAttention, logits of every row, int8 by onnxruntime's dynamic quantization;
`converted` is what `intab convert` makes; `gguf` is for llama.cpp. The shape is that of
https://huggingface.co/HuggingFaceTB/SmolLM2-135M/blob/main/config.json
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from gguf import GGMLQuantizationType, GGUFWriter, quants
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import save_file

from intab.convert.converter import Request, convert
from tests.engine.conftest import byte_tokenizer_json

Array = NDArray[np.float32]
LAYERS, HIDDEN, WIDE, HEADS, KV_HEADS, DIM, VOCABULARY = 30, 576, 1536, 9, 3, 64, 49152
CONTEXT, THETA, EPSILON = 8192, 100_000.0, 1e-5
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "head_dim": DIM,
    "hidden_size": HIDDEN,
    "intermediate_size": WIDE,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": CONTEXT,
    "rope_theta": THETA,
    "rms_norm_eps": EPSILON,
    "hidden_act": "silu",
    "tie_word_embeddings": True,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
SHAPES = {  # [in, out]
    "q": (HIDDEN, HEADS * DIM),
    "k": (HIDDEN, KV_HEADS * DIM),
    "v": (HIDDEN, KV_HEADS * DIM),
    "o": (HEADS * DIM, HIDDEN),
    "gate": (HIDDEN, WIDE),
    "up": (HIDDEN, WIDE),
    "down": (WIDE, HIDDEN),
}


def weights() -> Iterator[tuple[str, Array]]:
    """Names and matrices, in an order that does not change."""
    rng = np.random.default_rng(0)
    yield "embedding", rng.standard_normal((VOCABULARY, HIDDEN), np.float32) * 0.02
    for layer in range(LAYERS):
        for name, shape in SHAPES.items():
            yield f"{layer}.{name}", rng.standard_normal(shape, np.float32) * 0.02


def write_texts(folder: Path) -> None:
    """What a model folder has beside its graphs; each byte of a text is a token."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": 2}))
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    (folder / "tokenizer_config.json").write_text("{}")


# --- as the hub's exports have it ---------------------------------------------------------------


def write_export(folder: Path) -> None:
    """onnx/model.onnx in float32 and onnx/model_quantized.onnx in int8."""
    write_texts(folder)
    (folder / "onnx").mkdir(exist_ok=True)
    whole = folder / "onnx/model.onnx"
    onnx.save(_model(), whole)
    small = folder / "onnx/model_quantized.onnx"
    unknown = {"DefaultTensorType": TensorProto.FLOAT}  # of GroupQueryAttention's outputs
    quantize_dynamic(
        whole, small, weight_type=QuantType.QInt8, per_channel=True, extra_options=unknown
    )


def _model() -> onnx.ModelProto:
    """The graph; Transformers.js goes by the names of its dimensions."""
    make, cache = helper.make_tensor_value_info, []
    for layer in range(LAYERS):
        cache += [f"{layer}.key", f"{layer}.value"]

    def caches(prefix: str, length: str) -> list[onnx.ValueInfoProto]:
        shape: list[str | int | None] = ["batch_size", KV_HEADS, length, DIM]
        return [make(f"{prefix}.{name}", TensorProto.FLOAT, shape) for name in cache]

    logits = make("logits", TensorProto.FLOAT, ["batch_size", "sequence_length", VOCABULARY])
    inputs = [
        make("input_ids", TensorProto.INT64, ["batch_size", "sequence_length"]),
        make("attention_mask", TensorProto.INT64, ["batch_size", "total_sequence_length"]),
        *caches("past_key_values", "past_sequence_length"),
    ]
    outputs = [logits, *caches("present", "total_sequence_length")]
    graph = helper.make_graph(list(_nodes()), "smol", inputs, outputs, list(_constants()))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def _constants() -> Iterator[TensorProto]:
    angles = np.outer(np.arange(CONTEXT), THETA ** (-np.arange(0, DIM, 2) / DIM))
    small = {
        "cos": np.cos(angles).astype(np.float32),
        "sin": np.sin(angles).astype(np.float32),
        "norm": np.ones(HIDDEN, np.float32),
        "one": np.array([1], np.int64),
        "at_one": np.array(1, np.int64),
    }
    for name, value in small.items():
        yield numpy_helper.from_array(value, name)
    for name, value in weights():
        yield numpy_helper.from_array(value, name)
        if name == "embedding":
            yield numpy_helper.from_array(np.ascontiguousarray(value.T), "head")


def _nodes() -> Iterator[NodeProto]:
    make = helper.make_node
    yield make("ReduceSum", ["attention_mask", "one"], ["length"], keepdims=1)
    yield make("Sub", ["length", "one"], ["last"])
    yield make("Cast", ["last"], ["seqlens"], to=TensorProto.INT32)
    yield make("Shape", ["attention_mask"], ["mask_shape"])
    yield make("Gather", ["mask_shape", "at_one"], ["total_size"])
    yield make("Cast", ["total_size"], ["total_length"], to=TensorProto.INT32)
    yield make("Gather", ["embedding", "input_ids"], ["0.in"])
    norm = "SimplifiedLayerNormalization"
    yield make(norm, ["0.in", "norm"], ["0.normed"], axis=-1, epsilon=EPSILON)
    for layer in range(LAYERS):
        yield from _layer(layer)
    yield make("MatMul", [f"{LAYERS}.normed", "head"], ["logits"])


def _layer(layer: int) -> Iterator[NodeProto]:
    make, n = helper.make_node, f"{layer}."
    for name in "qkv":
        yield make("MatMul", [f"{n}normed", n + name], [f"{n}{name}.out"])
    past = [f"past_key_values.{n}{part}" for part in ("key", "value")]
    yield make(
        "GroupQueryAttention",
        [*(f"{n}{x}.out" for x in "qkv"), *past, "seqlens", "total_length", "cos", "sin"],
        [f"{n}found", *(f"present.{n}{part}" for part in ("key", "value"))],
        domain="com.microsoft",
        num_heads=HEADS,
        kv_num_heads=KV_HEADS,
        do_rotary=1,
    )
    yield make("MatMul", [f"{n}found", f"{n}o"], [f"{n}attended"])
    yield _skip_norm(f"{n}in", f"{n}attended", f"{n}normed2", f"{n}middle")
    yield make("MatMul", [f"{n}normed2", f"{n}gate"], [f"{n}gate.out"])
    yield make("MatMul", [f"{n}normed2", f"{n}up"], [f"{n}up.out"])
    yield make("Sigmoid", [f"{n}gate.out"], [f"{n}sigmoid"])
    yield make("Mul", [f"{n}gate.out", f"{n}sigmoid"], [f"{n}silu"])
    yield make("Mul", [f"{n}silu", f"{n}up.out"], [f"{n}gated"])
    yield make("MatMul", [f"{n}gated", f"{n}down"], [f"{n}mlp"])
    yield _skip_norm(f"{n}middle", f"{n}mlp", f"{layer + 1}.normed", f"{layer + 1}.in")


def _skip_norm(x: str, branch: str, normed: str, total: str) -> NodeProto:
    name = "SkipSimplifiedLayerNormalization"
    outputs = [normed, "", "", total]
    return helper.make_node(
        name, [x, branch, "norm"], outputs, domain="com.microsoft", epsilon=EPSILON
    )


# --- a checkpoint, and what `intab convert` makes of it ------------------------------------------

_CHECKPOINT_NAMES = {
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}


def write_converted(folder: Path) -> None:
    """The folder that `intab convert` makes: q8, and q8f32 of the same weights."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as checkpoint:
        write_texts(Path(checkpoint))
        save_file(dict(_checkpoint()), Path(checkpoint) / "model.safetensors")
        convert(Request(Path(checkpoint), folder, ("q8", "q8f32")))


def _checkpoint() -> Iterator[tuple[str, Array]]:
    ones = np.ones(HIDDEN, np.float32)
    yield "model.norm.weight", ones
    for name, value in weights():
        layer, _, part = name.partition(".")
        if part:  # torch keeps [out, in]; our embedding is that already
            place = f"model.layers.{layer}.{_CHECKPOINT_NAMES[part]}.weight"
            yield place, np.ascontiguousarray(value.T)
        else:
            yield "model.embed_tokens.weight", value
    for number in range(LAYERS):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"model.layers.{number}.{norm}.weight", ones


# --- for llama.cpp ------------------------------------------------------------------------------

_GGUF_NAMES = {
    "q": "attn_q",
    "k": "attn_k",
    "v": "attn_v",
    "o": "attn_output",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}


def write_gguf(folder: Path) -> None:
    """model.gguf: the same weights as q8_0, with a byte tokenizer."""
    folder.mkdir()
    writer = GGUFWriter(folder / "model.gguf", "llama")
    _describe(writer)
    ones = np.ones(HIDDEN, np.float32)
    for name, value in weights():
        layer, _, part = name.partition(".")
        place = f"blk.{layer}.{_GGUF_NAMES[part]}.weight" if part else "token_embd.weight"
        # llama.cpp keeps [out, in]; our embedding is that already.
        _add(writer, place, value.T if part else value)
    for number in range(LAYERS):
        writer.add_tensor(f"blk.{number}.attn_norm.weight", ones)
        writer.add_tensor(f"blk.{number}.ffn_norm.weight", ones)
    writer.add_tensor("output_norm.weight", ones)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(writer: GGUFWriter, name: str, value: Array) -> None:
    kind = GGMLQuantizationType.Q8_0
    writer.add_tensor(name, quants.quantize(np.ascontiguousarray(value), kind), raw_dtype=kind)


def _describe(writer: GGUFWriter) -> None:
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_dimension_count(DIM)
    writer.add_rope_freq_base(THETA)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_vocab_size(VOCABULARY)
    # GPT-2's bytes as printable characters begin like this; the bench writes letters only.
    printable = [chr(code) for code in range(33, 127)]
    tokens = printable + [f"<{number}>" for number in range(VOCABULARY - len(printable))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * VOCABULARY)
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(VOCABULARY - 1)
    writer.add_add_bos_token(False)
