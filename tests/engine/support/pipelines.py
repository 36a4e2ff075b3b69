"""Pipelines over networks that a Python function computes, with a tokenizer of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers, processors

from intab.engine.runtime.network import Arrays, TensorInfo
from intab.engine.tasks.base import ArrayTask, Pipeline
from intab.engine.text.assets import Texts
from intab.engine.text.special_tokens import TokenFiles
from intab.engine.text.tokenizer import Tokenizer
from tests.engine.support.graph_networks import FunctionNetwork

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh", "##b", "##c"]
SETTINGS = {
    "tokenizer_class": "BertTokenizer",
    "model_max_length": 12,
    **{f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")},
}
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def word_tokenizer(
    settings: Mapping[str, Any] = SETTINGS, config: Mapping[str, Any] | None = None
) -> Tokenizer:
    backend = Backend(models.WordPiece({w: n for n, w in enumerate(WORDS)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return Tokenizer(backend.to_str(), TokenFiles(settings), config)


def make_pipeline(
    task: ArrayTask,
    function: Callable[[Arrays], NDArray[Any]] | None = None,
    *,
    names: Sequence[str] = INPUTS,
    batch: int | None = None,
    length: int | None = None,
    shape: tuple[int | None, ...] = (None, None, 4),
    config: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] = SETTINGS,
) -> tuple[Pipeline, FunctionNetwork]:
    """A pipeline that is open, and its network; it computes [ids, masks, 1, rows] of each token
    unless it has a function."""
    inputs = [TensorInfo(name, "int64", (batch, length)) for name in names]
    outputs = [TensorInfo("logits", "float32", shape)]
    compute = function or seen
    network = FunctionNetwork(inputs, outputs, lambda feeds: {"logits": compute(feeds)})
    about = {"max_position_embeddings": 12, "model_type": "bert", **(config or {})}
    texts = Texts(word_tokenizer(settings, about), about, {}, settings, {})
    pipeline = task.pipeline(task, {"model": network}, texts)
    return pipeline, network


def seen(feeds: Arrays) -> NDArray[Any]:
    """What the network sees of each token, and not who is beside it."""
    ids = feeds["input_ids"].astype(np.float32)
    mask = feeds.get("attention_mask", np.ones_like(ids)).astype(np.float32)
    return np.stack([ids, mask, np.ones_like(ids), ids * 0], axis=-1)
