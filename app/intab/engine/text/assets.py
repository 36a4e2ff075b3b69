"""What a model folder's text files say, all of it together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intab.engine.text.chat_template import Templates
from intab.engine.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Texts:
    """The tokenizer, the configs, the chat templates."""

    tokenizer: Tokenizer
    config: Mapping[str, Any]
    generation_config: Mapping[str, Any]
    tokenizer_config: Mapping[str, Any]
    chat_templates: Templates


def context_length(config: Mapping[str, Any]) -> int | None:
    """The context length that a config.json tells, under any of its usual names."""
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length"):
        if isinstance(value := config.get(name), int) and value > 0:
            return value
    return None
