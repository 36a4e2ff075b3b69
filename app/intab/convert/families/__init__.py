"""The model families that can be converted: `model_type` -> how to read config and weights.

A family is two functions: `architecture(config)` and `weights(checkpoint, architecture)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from intab.convert.architecture import Architecture, Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.families import gemma, gpt2, gpt_neox, llama, phi3
from intab.engine.contents import check_architecture
from intab.errors import ConvertError


@dataclass(frozen=True)
class Family:
    """How one `model_type` is read."""

    architecture: Callable[[Mapping[str, Any]], Architecture]
    weights: Callable[[Checkpoint, Architecture], Weights]


_LLAMA = Family(llama.architecture, llama.weights)
_GEMMA = Family(gemma.architecture, gemma.weights)
FAMILIES = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "qwen3": _LLAMA,
    "smollm3": _LLAMA,
    "phi3": Family(llama.architecture, phi3.weights),
    "gemma": _GEMMA,
    "gemma2": _GEMMA,
    "gemma3_text": _GEMMA,
    "gpt2": Family(gpt2.architecture, gpt2.weights),
    "gpt_neox": Family(gpt_neox.architecture, gpt_neox.weights),
}


def read_model(checkpoint: Checkpoint) -> tuple[Architecture, Weights]:
    """The checkpoint's architecture and weights; ConvertError names what is not supported."""
    kind = checkpoint.config.get("model_type")
    if kind not in FAMILIES:
        raise ConvertError(
            f"The architecture {kind!r} cannot be converted; these can: {', '.join(FAMILIES)}."
        )
    check_architecture(checkpoint.config)
    family = FAMILIES[kind]
    try:
        arch = family.architecture(checkpoint.config)
    except KeyError as exc:
        raise ConvertError(f"config.json lacks {exc}, which a {kind} model needs.") from exc
    return arch, family.weights(checkpoint, arch)
