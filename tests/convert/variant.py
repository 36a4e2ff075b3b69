"""A tiny config of a family with changes: what variants.py and others make many of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
VOCABULARY = 259
SIZES: Json = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
ABSENT = "absent"  # a key that is taken out
LLAMA3: Json = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
YARN: Json = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
LONG: Json = {
    "rope_type": "longrope",
    "short_factor": [1.0, 1.1, 1.3, 1.7],
    "long_factor": [2.0, 3.0, 5.0, 9.0],
}
GPT2: Json = {
    "vocab_size": VOCABULARY,
    "n_embd": 32,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 256,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
SLIDING, FULL = "sliding_attention", "full_attention"
ROPED = ("llama", "mistral", "qwen2", "qwen3", "smollm3", "gemma", "gemma2")
KINDS = (*ROPED, "phi3", "gemma3_text", "gpt2", "gpt_neox")


@dataclass(frozen=True)
class Variant:
    """A config.json: the family's sizes with `changes`; `refused`: it ends in a ConvertError."""

    kind: str
    changes: Json = field(default_factory=dict)
    refused: bool = False

    def config(self) -> Json:
        """The whole config.json."""
        sizes = GPT2 if self.kind == "gpt2" else SIZES
        small = {"head_dim": 16} if self.kind in ("qwen3", "gemma", "gemma2", "gemma3_text") else {}
        whole = {"model_type": self.kind, **sizes, **small, **self.changes}
        return {key: value for key, value in whole.items() if value != ABSENT}


Named = Iterator[tuple[str, Variant]]


def short(context: int) -> Json:
    """The context of the training."""
    return {"original_max_position_embeddings": context}
