"""Tiny encoders with decoders of every family, made from a seed: configs here, tensors by name.

The names and shapes, and torch's outputs, are in pairs.json, which make_pairs.py writes from
transformers' own models; weights are drawn from each tensor's name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tests.convert import tiny
from tests.convert.tiny import write_config

GOLDEN = Path(__file__).with_name("pairs.json")
VOCABULARY, LENGTH, SHORT, WRITTEN = 259, 40, 23, 9
_T5 = {
    "vocab_size": VOCABULARY,
    "d_model": 64,
    "d_kv": 24,
    "d_ff": 96,
    "num_layers": 2,
    "num_decoder_layers": 3,
    "num_heads": 4,
    "relative_attention_max_distance": 20,
    "relative_attention_num_buckets": 16,
    "decoder_start_token_id": 0,
    "pad_token_id": 0,
    "eos_token_id": 1,
}
_BART = {
    "vocab_size": VOCABULARY,
    "d_model": 64,
    "encoder_layers": 2,
    "encoder_ffn_dim": 96,
    "encoder_attention_heads": 4,
    "decoder_layers": 3,
    "decoder_ffn_dim": 80,
    "decoder_attention_heads": 2,
    "max_position_embeddings": 64,
    "decoder_start_token_id": 2,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "forced_eos_token_id": 2,
}
_WHISPER = {"num_mel_bins": 12, "max_source_positions": 50, "max_target_positions": 64}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "t5": ("T5", {**_T5, "feed_forward_proj": "relu"}),
    "flan": ("T5", {**_T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    "mt5": ("MT5", {**_T5, "feed_forward_proj": "gated-gelu"}),
    "whisper": ("Whisper", {**_BART, **_WHISPER, "activation_function": "gelu"}),
    "bart": ("Bart", {**_BART, "activation_function": "gelu"}),
    "mbart": ("MBart", {**_BART, "scale_embedding": True}),
    "marian": ("Marian", {**_BART, "activation_function": "swish", "scale_embedding": True}),
    "pegasus": ("Pegasus", {**_BART, "activation_function": "relu"}),
    "m2m_100": ("M2M100", _BART),
}
_CLASSES = {"Marian": "MTModel"}
_KINDS = {"flan": "t5"}
# Sines and cosines, which these cases' checkpoints do not have.
WITHOUT_POSITIONS = ("pegasus", "marian")


def class_of(case: str) -> str:
    name = CASES[case][0]
    return f"{name}{_CLASSES.get(name, 'ForConditionalGeneration')}"


def config_of(case: str) -> dict[str, Any]:
    config = {"model_type": _KINDS.get(case, case), **CASES[case][1]}
    return {**config, "is_encoder_decoder": True, "architectures": [class_of(case)]}


def feeds(case: str) -> dict[str, NDArray[Any]]:
    """Two sources, the second one with padding; or two spectrograms."""
    rng = np.random.default_rng(3)
    if case == "whisper":
        return {"input_features": rng.standard_normal((2, 12, 100)).astype(np.float32)}
    ids = rng.integers(3, VOCABULARY, (2, LENGTH))
    mask = np.ones_like(ids)
    ids[1, SHORT:], mask[1, SHORT:] = config_of(case)["pad_token_id"], 0
    return {"input_ids": ids, "attention_mask": mask}


def written() -> NDArray[np.int64]:
    """What the decoders read: ids [2, WRITTEN]."""
    return np.random.default_rng(5).integers(3, VOCABULARY, (2, WRITTEN))


def tensor(case: str, name: str, shape: list[int]) -> NDArray[np.float32]:
    """A tensor drawn from its name; T5's queries are small, as they are made there, since nothing
    divides its scores."""
    found = tiny.tensor(case, name, shape)
    return found / np.float32(24**0.5) if name.endswith(".q.weight") else found


def golden() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return recorded


def write_checkpoint(folder: Path, case: str, **changes: Any) -> Path:
    """The case's checkpoint, with a byte tokenizer; returns the folder."""
    write_config(folder, {**config_of(case), **changes})
    shapes = golden()["cases"][case]["tensors"]
    save_file(
        {name: tensor(case, name, shape) for name, shape in shapes.items()},
        folder / "model.safetensors",
    )
    return folder
