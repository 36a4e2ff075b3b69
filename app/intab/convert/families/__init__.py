"""The model families that can be converted: `model_type` -> how to read config and weights.

A family is a function, `architecture(config)`, and the reader of its tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from intab.convert.architecture import Architecture, Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import Config, read_config, shown, table
from intab.convert.families import gemma, gpt2, gpt_neox, llama, phi3
from intab.convert.families.reader import Reader
from intab.convert.rotary import rope_notes
from intab.errors import ConvertError


@dataclass(frozen=True)
class Family:
    """How one `model_type` is read."""

    architecture: Callable[[Config], Architecture]
    reader: Callable[[Checkpoint, Config, Architecture], Reader]


_LLAMA = Family(llama.architecture, llama.LlamaReader)
_GEMMA = Family(gemma.architecture, gemma.GemmaReader)
FAMILIES = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "qwen3": _LLAMA,
    "smollm3": _LLAMA,
    "phi3": Family(llama.architecture, phi3.Phi3Reader),
    "gemma": _GEMMA,
    "gemma2": _GEMMA,
    "gemma3_text": _GEMMA,
    "gpt2": Family(gpt2.architecture, gpt2.Gpt2Reader),
    "gpt_neox": Family(gpt_neox.architecture, gpt_neox.NeoxReader),
}
# What the classes that write text are called, behind the family's own name, and the models within.
_ENDS = ("forcausallm", "lmheadmodel", "forconditionalgeneration", "model", "textmodel")


@dataclass(frozen=True)
class Model:
    """A checkpoint that was read: its whole config, its shape, its weights, what is to be told."""

    config: Config
    architecture: Architecture
    weights: Weights
    notes: tuple[str, ...]


def read_model(checkpoint: Checkpoint) -> tuple[Architecture, Weights]:
    """The checkpoint's architecture and weights; ConvertError names what is not supported."""
    model = read_whole(checkpoint)
    return model.architecture, model.weights


def read_whole(checkpoint: Checkpoint, ignored: Iterable[str] = ()) -> Model:
    """All that a checkpoint says; `ignored` are keys of its config that change nothing."""
    config = read_config(checkpoint.config, ignored)
    check_architectures(checkpoint.config, config.kind)
    family = FAMILIES[config.kind]
    arch = family.architecture(config)
    reader = family.reader(checkpoint, config, arch)
    reader.check()
    return Model(config, arch, reader.weights(), (*config.notes, *rope_notes(config)))


def check_architectures(raw: Mapping[str, Any], kind: str) -> None:
    """ConvertError unless the classes that a config.json names are its family's and write text."""
    names = raw.get("architectures") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConvertError(f"architectures in config.json must be names, not {shown(names)}.")
    if not names:
        return
    family = table()[kind]["class"].removesuffix("Config").removesuffix("Text").lower()
    if not any(name.lower().removeprefix(family) in _ENDS for name in names):
        raise ConvertError(
            f"This model cannot continue text, or is no {kind}: its architecture is {names[0]}. "
            f"Choose a decoder (…ForCausalLM) whose model_type is that of its architecture."
        )
