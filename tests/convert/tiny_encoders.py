"""Tiny encoders of every family with every head, made from a seed: configs here, tensors by name.

The names and shapes, and torch's outputs for ROWS, are in encoders.json, which make_encoders.py
writes from transformers' own models; weights are drawn from each tensor's name.
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

GOLDEN = Path(__file__).with_name("encoders.json")
VOCABULARY, LENGTH, SHORT = 259, 40, 23
_SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "pad_token_id": 1,
    "id2label": {"0": "O", "1": "B-PER", "2": "I-PER"},
    "label2id": {"O": 0, "B-PER": 1, "I-PER": 2},
}
_DISTIL = {"dim": 64, "hidden_dim": 96, "n_layers": 3, "n_heads": 4}
_MODERN = {"local_attention": 8, "global_attn_every_n_layers": 2, "layer_norm_eps": 1e-5}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", {"hidden_act": "gelu_new"}),
    "roberta": ("Roberta", {"type_vocab_size": 1}),
    "xlm-roberta": ("XLMRoberta", {"type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "camembert": ("Camembert", {"type_vocab_size": 1}),
    "distilbert": ("DistilBert", _DISTIL),
    "mpnet": ("MPNet", {"relative_attention_num_buckets": 32}),
    "modernbert": ("ModernBert", {**_MODERN, "classifier_pooling": "mean", "norm_bias": True}),
}
HEADS = {
    "labels": "ForSequenceClassification",
    "tokens": "ForTokenClassification",
    "answers": "ForQuestionAnswering",
    "masks": "ForMaskedLM",
    "features": "Model",
}
CASES = [f"{family} {head}" for family in FAMILIES for head in HEADS]


def class_of(case: str) -> str:
    family, head = case.split()
    return FAMILIES[family][0] + HEADS[head]


def config_of(case: str) -> dict[str, Any]:
    family, head = case.split()
    config = {"model_type": family, **_SIZES, **FAMILIES[family][1]}
    if family == "distilbert":
        for name in ("hidden_size", "intermediate_size", "num_hidden_layers"):
            del config[name]
        del config["num_attention_heads"]
    if head == "answers":
        config |= {"id2label": {"0": "S", "1": "E"}, "label2id": {"S": 0, "E": 1}}
    return {**config, "architectures": [class_of(case)]}


def feeds() -> dict[str, NDArray[np.int64]]:
    """Two rows, the second one with padding."""
    rng = np.random.default_rng(3)
    ids = rng.integers(2, VOCABULARY, (2, LENGTH))
    mask, types = np.ones_like(ids), np.zeros_like(ids)
    ids[1, SHORT:], mask[1, SHORT:], types[:, 9:] = 1, 0, 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def golden() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return recorded


def write_checkpoint(folder: Path, case: str, **changes: Any) -> Path:
    """The case's checkpoint, with a byte tokenizer; returns the folder."""
    write_config(folder, {**config_of(case), **changes})
    shapes = golden()["cases"][case]["tensors"]
    save_file(
        {name: tiny.tensor(case, name, shape) for name, shape in shapes.items()},
        folder / "model.safetensors",
    )
    return folder


def kept(case: str, outputs: list[NDArray[Any]]) -> NDArray[np.float32]:
    """What is compared: the rows that are no padding, [numbers]."""
    found = [np.asarray(one, np.float32) for one in outputs]
    if case.endswith("labels"):
        return found[0].reshape(-1)
    return np.concatenate([part.reshape(-1) for one in found for part in (one[0], one[1][:SHORT])])
