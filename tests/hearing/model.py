"""The material's Whisper for torch, and with the attentions of which times of words are made.

Its graphs have the weights of whisper-tiny.en as int8 with a scale for each row, under the names
that CTranslate2 gives them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Of a layer, ours by CTranslate2's; a number stands for one of several that are one matrix there.
LAYER = {
    "self_attention.layer_norm": "self_attn_layer_norm",
    "self_attention.linear_0.0": "self_attn.q_proj",
    "self_attention.linear_0.1": "self_attn.k_proj",
    "self_attention.linear_0.2": "self_attn.v_proj",
    "self_attention.linear_1": "self_attn.out_proj",
    "attention.layer_norm": "encoder_attn_layer_norm",
    "attention.linear_0": "encoder_attn.q_proj",
    "attention.linear_1.0": "encoder_attn.k_proj",
    "attention.linear_1.1": "encoder_attn.v_proj",
    "attention.linear_2": "encoder_attn.out_proj",
    "ffn.layer_norm": "final_layer_norm",
    "ffn.linear_0": "fc1",
    "ffn.linear_1": "fc2",
}
TOP = {
    "encoder.conv1": "conv1.weight",
    "encoder.conv2": "conv2.weight",
    "encoder/conv1.bias": "conv1.bias",
    "encoder/conv2.bias": "conv2.bias",
    "enc_pos": "embed_positions.weight",
    "enc.ln.w": "layer_norm.weight",
    "enc.ln.b": "layer_norm.bias",
    "dec_pos": "embed_positions.weight",
    "embed": "embed_tokens.weight",
}


def weights(folder: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """All weights of both graphs under transformers' names."""
    for side, graph in (("encoder", "encoder_model"), ("decoder", "decoder_model_merged")):
        for name, value in _floats(folder / f"onnx/{graph}.onnx"):
            if ours := _named(name, side):
                shape = (*value.shape[:1], -1, 3) if "conv" in name and value.shape[1:] else None
                yield f"model.{side}.{ours}", value.reshape(shape) if shape else value


def _floats(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    arrays = {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
    for name, value in arrays.items():
        if name.endswith("_int8"):
            bare = name.removesuffix("_int8")
            yield bare, value.astype(np.float32) * arrays[f"{bare}_scale"]
        elif not name.endswith("_scale"):
            yield name, value.astype(np.float32)


def _named(name: str, side: str) -> str | None:
    if name in TOP:
        return TOP[name]
    parts = name.split(".")
    if parts[:2] == [side, "layer_norm"]:
        return ".".join(parts[1:])
    if parts[0] != side or not parts[1].startswith("layer_"):
        return None
    place, inner = parts[1].removeprefix("layer_"), ".".join(parts[2:])
    end = next((end for end in (".weight", ".bias") if inner.endswith(end)), "")
    if end == ".bias" and ".k_proj" in f".{LAYER[inner.removesuffix(end)]}":
        return None  # it is all 0, and there is none in transformers
    return f"layers.{place}.{LAYER[inner.removesuffix(end)]}{end or '.weight'}"


def torch_model(folder: Path) -> Any:
    """The model for transformers, with the very weights of the graphs."""
    import torch
    import transformers

    config = transformers.WhisperConfig.from_pretrained(folder, attn_implementation="eager")
    model = transformers.WhisperForConditionalGeneration(config).eval()
    state = {name: torch.from_numpy(np.array(value)) for name, value in weights(folder)}
    state["proj_out.weight"] = state["model.decoder.embed_tokens.weight"]
    model.load_state_dict(state)
    model.generation_config = transformers.GenerationConfig.from_pretrained(folder)
    return model


def with_attentions(folder: Path, target: Path) -> Path:
    """A copy whose decoder gives `cross_attentions.LAYER` too; for the words' times."""
    (target / "onnx").mkdir(parents=True, exist_ok=True)
    for path in [*folder.glob("*.json"), folder / "onnx/encoder_model.onnx"]:
        (target / path.relative_to(folder)).write_bytes(path.read_bytes())
    name = "onnx/decoder_model_merged.onnx"
    model = onnx.load(folder / name)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    softmax = [node for node in model.graph.node if node.op_type == "Softmax"]
    cross = softmax[1::2]  # each layer looks at the text before it, then at the sound
    for layer, node in enumerate(cross):
        weights = f"cross_attentions.{layer}"
        model.graph.node.append(helper.make_node("Identity", [node.output[0]], [weights]))
        shape = ["batch", config["decoder_attention_heads"], "tokens", "places"]
        model.graph.output.append(helper.make_tensor_value_info(weights, TensorProto.FLOAT, shape))
    onnx.save(model, target / name)
    return target
