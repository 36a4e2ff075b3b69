"""Tiny checkpoints of every family, made from a seed: configs here, tensors by name and shape.

The names and shapes, and torch's logits for IDS, are in families.json, written by make_families.py
from transformers' own models; weights are drawn from each tensor's name, so none is stored.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tests.engine.conftest import byte_tokenizer_json

GOLDEN = Path(__file__).with_name("families.json")
VOCABULARY = 259
LENGTH = 24  # ids of the recorded logits: beyond every window and longrope's switch
_SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
_FACTORS = {"short_factor": [1.0, 1.1, 1.3, 1.7], "long_factor": [2.0, 3.0, 5.0, 9.0]}
_LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
_YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0}
_YARN |= {"original_max_position_embeddings": 512}
_LONG = {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}
_LONG |= _FACTORS
_GEMMA = {"head_dim": 32, "query_pre_attn_scalar": 24, "sliding_window": 8}
_THETAS = {
    "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
}


def _gpt2() -> dict[str, Any]:
    sizes = {"vocab_size": VOCABULARY, "n_embd": 64, "n_layer": 3, "n_head": 4}
    return {**sizes, "n_positions": 2048, "bos_token_id": 0, "eos_token_id": 1}


CASES: dict[str, dict[str, Any]] = {
    "llama": {**_SIZES, "tie_word_embeddings": True},
    "llama3": {**_SIZES, "model_type": "llama", "head_dim": 32, "rope_parameters": _LLAMA3},
    "yarn": {**_SIZES, "model_type": "llama", "attention_bias": True, "rope_parameters": _YARN},
    "mistral": {**_SIZES, "sliding_window": 8},
    "qwen2": {**_SIZES, "use_sliding_window": True, "sliding_window": 8, "max_window_layers": 2},
    "qwen3": {**_SIZES, "head_dim": 32, "tie_word_embeddings": True},
    "smollm3": {**_SIZES, "tie_word_embeddings": True},
    "phi3": {**_SIZES, "original_max_position_embeddings": 16, "rope_parameters": _LONG},
    "gemma": {**_SIZES, "head_dim": 32, "num_key_value_heads": 1},
    "gemma2": {**_SIZES, **_GEMMA, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 9.0},
    "gemma3_text": {**_SIZES, **_GEMMA, "num_hidden_layers": 7, "rope_parameters": _THETAS},
    "gpt2": _gpt2(),
    "gpt_neox": {**_SIZES, "use_parallel_residual": True, "tie_word_embeddings": False},
    "gpt_neox_serial": {**_SIZES, "model_type": "gpt_neox", "use_parallel_residual": False},
}


def config_of(case: str) -> dict[str, Any]:
    return {"model_type": case, **CASES[case]}


def ids(count: int = LENGTH) -> NDArray[np.int64]:
    """[1, count]"""
    return np.random.default_rng(3).integers(2, VOCABULARY, (1, count))


def tensor(case: str, name: str, shape: list[int]) -> NDArray[np.float32]:
    """A tensor drawn from its name: matrices keep the size of what they multiply, norms are near 1
    (which Gemma adds itself)."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    values = rng.standard_normal(shape, dtype=np.float32)
    if len(shape) == 1:
        centre = 0 if "bias" in name or case.startswith("gemma") else 1
        return (values * 0.1 + centre).astype(np.float32)
    return (values / np.float32(np.sqrt(min(shape)))).astype(np.float32)


def golden() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return recorded


def write_checkpoint(folder: Path, case: str) -> Path:
    """The case's checkpoint, with a byte tokenizer; returns the folder."""
    shapes = golden()["cases"][case]["tensors"]
    return write_tensors(folder, case, {n: tensor(case, n, shape) for n, shape in shapes.items()})


def write_tensors(folder: Path, case: str, tensors: dict[str, NDArray[np.float32]]) -> Path:
    write_config(folder, config_of(case))
    save_file(tensors, folder / "model.safetensors")
    return folder


def write_config(folder: Path, config: dict[str, Any]) -> Path:
    """A folder with a config.json and a byte tokenizer."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    return folder
