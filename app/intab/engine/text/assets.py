"""What a model folder's text files say, all of it together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from intab.engine.model_config import ModelConfig
from intab.engine.text.chat_template import Templates
from intab.engine.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Texts:
    """The tokenizer, the configs, the chat templates; `more` has the files that a task reads."""

    tokenizer: Tokenizer
    config: Mapping[str, Any]
    generation_config: Mapping[str, Any]
    tokenizer_config: Mapping[str, Any]
    chat_templates: Templates
    more: Mapping[str, str] = field(default_factory=dict)


def context_length(config: Mapping[str, Any]) -> int | None:
    """The most tokens that a config.json tells."""
    return ModelConfig.of(config).context_length
