"""Completes the config.json of a model folder: what its family's class adds is written out.

Loading the folder needs none of these defaults, nor that a checkpoint of the model within
(LlamaModel) became one that writes text. If nothing is missing the file stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from intab.convert.config import Config, table, text_config
from intab.convert.describing import write_json

# What is read of a config.json while a model runs; ids of tokens, if they are the model's.
_READ = (
    "head_dim",
    "hidden_size",
    "max_position_embeddings",
    "n_embd",
    "n_head",
    "n_positions",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
)
_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id")
_WRITERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")


def complete_config(path: Path, raw: Mapping[str, Any], config: Config) -> None:
    """Write the config.json at `path` again if it lacks something."""
    inner = dict(text_config(raw))
    added = _lacking(config, inner)
    names = raw.get("architectures") or []
    headless = bool(names) and not any(name.endswith(_WRITERS) for name in names)
    if not added and not headless:
        return
    whole = {**raw, "text_config": {**inner, **added}} if config.outer else {**inner, **added}
    if headless:
        whole["architectures"] = [_causal(config.kind)]
    write_json(path, whole)


def _lacking(config: Config, inner: Mapping[str, Any]) -> dict[str, Any]:
    aliases = table()[config.kind]["aliases"]
    there = {*inner, *(aliases[name] for name in inner if name in aliases)}
    most = config.size("vocab_size")
    known = {name: config.values.get(name) for name in (*_READ, *_TOKENS) if name not in there}
    tokens = {k: v for k, v in known.items() if k in _TOKENS and isinstance(v, int) and v < most}
    return {k: v for k, v in known.items() if k not in _TOKENS and v is not None} | tokens


def _causal(kind: str) -> str:
    """The class that writes text."""
    family: str = table()[kind]["class"].removesuffix("Config").removesuffix("Text")
    return family + ("LMHeadModel" if kind == "gpt2" else "ForCausalLM")
