"""Texts, alone or in pairs, become a text encoder's feeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.errors import ContextLengthError, OptionError, PromptError

OPTIONS = ("truncation", "max_length", "add_special_tokens")
_GENERIC = ("TokenizersBackend", "PreTrainedTokenizerFast")
_HUGE = 10**9  # tokenizers without a limit say 1e30


def check_text_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the tokenizer; OptionError for one that is unknown or out of range."""
    truncation, most = options.get("truncation", False), options.get("max_length")
    for name in options:
        if name not in OPTIONS:
            raise OptionError(f"There is no option {name!r}; for texts there are {OPTIONS}.")
    if truncation not in (None, False, True, "longest_first"):
        raise OptionError(f"truncation must be True or False, not {truncation!r}.")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise OptionError(f"max_length must be a whole number from 1 on, not {most!r}.")
    if most is not None and not truncation:
        raise OptionError("max_length has no effect without truncation=True.")
    return dict(options)


def encode(pipeline: Pipeline, text: Any, pair: Any, options: Mapping[str, Any]) -> Arrays:
    """input_ids, attention_mask, token_type_ids [1, tokens]: those that the graph takes."""
    for one in (text, pair):
        if one is not None and not isinstance(one, str):
            raise PromptError(f"A text must be a string, not {type(one).__name__}.")
    most = _most(pipeline, options) if options.get("truncation") else None
    special = options.get("add_special_tokens", True)
    rows = pipeline.texts.tokenizer.encode_pair(text, pair, special, most)
    limit = pipeline.config.context_length
    if limit is not None and len(rows["input_ids"]) > limit:
        raise ContextLengthError(
            f"The text has {len(rows['input_ids']):,} tokens, the model takes {limit:,}: shorten "
            "it or pass truncation=True."
        )
    if not _has_types(pipeline.texts.tokenizer_config):
        rows["token_type_ids"] = [0] * len(rows["input_ids"])
    [network] = pipeline.networks.values()
    return {
        info.name: np.array([rows[info.name]], info.dtype)
        for info in network.inputs
        if info.name in rows
    }


def _has_types(settings: Mapping[str, Any]) -> bool:
    """Whether transformers' tokenizer tells a pair's texts apart: what has no class of its own does
    only if it is said; the model then takes zeros."""
    told = settings.get("model_input_names")
    if isinstance(told, list):
        return "token_type_ids" in told
    return settings.get("tokenizer_class") not in _GENERIC


def _most(pipeline: Pipeline, options: Mapping[str, Any]) -> int | None:
    """How many tokens are kept: what was asked, else the tokenizer's limit, else the model's."""
    told = pipeline.texts.tokenizer_config.get("model_max_length")
    limit = int(told) if isinstance(told, int | float) and told < _HUGE else None
    most: int | None = options.get("max_length") or limit or pipeline.config.context_length
    return most
