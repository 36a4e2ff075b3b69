"""Reads a config.json as transformers' config class of the family does.

    config = read_config({"model_type": "llama", "hidden_size": 64})
    config.size("num_hidden_layers")     # 32: what LlamaConfig has for a key that is not there

defaults.json is the table of the classes' defaults and types (tests/convert/make_defaults.py made
it). Values are checked when asked for; whatever is wrong with one is a ConvertError.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from intab.convert.keys import judge_keys
from intab.errors import ConvertError

KINDS = (
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "smollm3",
    "phi3",
    "gemma",
    "gemma2",
    "gemma3_text",
    "gpt2",
    "gpt_neox",
)
INSIDE = {"gemma3": "gemma3_text"}  # a text model in a larger one: its text_config is read
LARGEST = 2**31 - 1
LAYERS = 10_000  # more than any model has: bounds what a wrong config.json makes us allocate
# Keys that are no fields of a class, yet read by it or by its model.
_ROPE = ("rope_scaling", "rope_theta", "partial_rotary_factor", "original_max_position_embeddings")
_LLAMA = (*_ROPE, "head_dim")
MORE = {
    **dict.fromkeys(KINDS, _LLAMA),
    "mistral": (*_LLAMA, "layer_types"),
    "gemma3_text": ("rope_scaling", "rope_theta", "rope_local_base_freq", "sliding_window_pattern"),
    "gpt2": (),
    "gpt_neox": ("rope_scaling", "rotary_pct", "rotary_emb_base", "head_dim", _ROPE[-1]),
}
# Fields of a class that its model does not read.
UNREAD = {"gemma3_text": {"attn_logit_softcapping"}}


@cache
def table() -> Mapping[str, Any]:
    """The families' classes, their fields with defaults and types, and their rope_theta."""
    text = Path(__file__).with_name("defaults.json").read_text(encoding="utf-8")
    families: Mapping[str, Any] = json.loads(text)["families"]
    return families


@cache
def keys_of(kind: str) -> frozenset[str]:
    """The keys that a family reads."""
    family = table()[kind]
    fields = family["fields"].keys() | family["aliases"].keys() | set(MORE[kind])
    return frozenset(fields - UNREAD.get(kind, set()))


@cache
def all_keys() -> frozenset[str]:
    """The keys that any family reads."""
    fields = frozenset().union(*UNREAD.values())
    return fields.union(*(keys_of(kind) for kind in KINDS))


@dataclass(frozen=True)
class Config:
    """A config.json of one family with all that its class adds; `notes` tell which keys have no
    effect. `outer` is the kind of a larger model around it, "" if there is none."""

    kind: str
    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    outer: str = ""

    def size(self, name: str, most: int = LARGEST) -> int:
        """A whole number from 1 on."""
        return check_size(name, self.values.get(name), most)

    def size_or(self, name: str, otherwise: int) -> int:
        """A whole number from 1 on, or `otherwise` in place of null."""
        return otherwise if self.values.get(name) is None else self.size(name)

    def number(self, name: str, above: float = 0.0) -> float:
        """A finite number above `above`."""
        return check_number(name, self.values.get(name), above)

    def epsilon(self, name: str) -> float:
        """A finite number from 0 on."""
        value = self.number(name, -math.inf)
        if value < 0:
            raise ConvertError(f"{name} in config.json must not be negative, not {value:g}.")
        return value

    def number_or_none(self, name: str) -> float | None:
        """A finite number above 0, or None."""
        return None if self.values.get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise ConvertError(f"{name} in config.json must be true or false, not {shown(value)}.")
        return value

    def word(self, name: str) -> str:
        """A text."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise ConvertError(f"{name} in config.json must be a text, not {shown(value)}.")
        return value

    def table(self, name: str) -> dict[str, Any]:
        """A JSON object; an empty one in place of null."""
        return check_table(name, self.values.get(name))

    def list_or_none(self, name: str, count: int) -> list[Any] | None:
        """A list of at least `count` entries, or None."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) < count:
            raise ConvertError(
                f"{name} in config.json must be a list with an entry for each of the {count} "
                f"layers, not {shown(value)}."
            )
        return value


def check_size(name: str, value: Any, most: int = LARGEST) -> int:
    """A whole number from 1 to `most`, or a ConvertError."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return value
    raise ConvertError(
        f"{name} in config.json must be a whole number from 1 to {most:,}, not {shown(value)}."
    )


def check_number(name: str, value: Any, above: float = 0.0) -> float:
    """A finite number above `above`, or a ConvertError."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number) and number > above:
            return number
    limit = "" if above == -math.inf else f" above {above:g}"
    raise ConvertError(f"{name} in config.json must be a number{limit}, not {shown(value)}.")


def check_table(name: str, value: Any) -> dict[str, Any]:
    """A copy of a JSON object, an empty one for null, or a ConvertError."""
    if value is None or isinstance(value, dict):
        return dict(value or {})
    raise ConvertError(f"{name} in config.json must be an object, not {shown(value)}.")


def shown(value: Any) -> str:
    """A value as a message shows it: JSON, cut short."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def read_config(raw: Mapping[str, Any], ignored: Iterable[str] = ()) -> Config:
    """The config with the defaults of its family; `ignored` are keys that are known by the user to
    change nothing. ConvertError for a family or a key that is not known."""
    outer = raw.get("model_type")
    inner = text_config(raw)
    kind = _kind_of(raw)
    family = table()[kind]
    notes = judge_keys(kind, inner, keys_of(kind), all_keys(), ignored)
    if inner is not raw:
        notes += judge_keys(str(outer), raw, {"text_config", "tie_word_embeddings"}, (), ignored)
    values = {name: default for name, (default, _) in family["fields"].items()}
    values |= {name: inner[name] for name in inner if name not in family["aliases"]}
    values |= {family["aliases"][name]: inner[name] for name in inner if name in family["aliases"]}
    if inner is not raw:
        values["tie_word_embeddings"] = raw.get("tie_word_embeddings", True)
    return Config(kind, values, tuple(notes), str(outer) if inner is not raw else "")


def text_config(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a config.json that describes the text model: mostly all of it."""
    kind = raw.get("model_type")
    if not isinstance(kind, str) or kind not in INSIDE:
        return raw
    inner = raw.get("text_config")
    if not isinstance(inner, dict):
        raise ConvertError(f"text_config in config.json must be an object, not {shown(inner)}.")
    return inner


def _kind_of(raw: Mapping[str, Any]) -> str:
    kind = raw.get("model_type")
    kind = INSIDE.get(kind, kind) if isinstance(kind, str) else kind
    if kind not in KINDS:
        raise ConvertError(
            f"The architecture {kind!r} cannot be converted; these can: {', '.join(KINDS)}."
        )
    return str(kind)
