"""Reads a config's rotary settings: plain, linear, dynamic, llama3, yarn, longrope, proportional.

Both spellings are read: `rope_theta` with `rope_scaling`, and transformers 5's `rope_parameters`.
The formulas, and what stands above what, are those of transformers' modeling_rope_utils.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.convert.architecture import Rotary
from intab.convert.config import Config, check_number, check_size, check_table, shown, table
from intab.errors import ConvertError

Settings = Mapping[str, Any]
Doubles = NDArray[np.float64]
KINDS = ("full_attention", "sliding_attention")
IN_PART = ("phi3", "gpt_neox")  # whose models may turn a part of each head
_EXTENDED = ("llama3", "yarn", "longrope")  # that know the context of the training
KEYS = {
    "rope_type",
    "type",
    "rope_theta",
    "partial_rotary_factor",
    "factor",
    "original_max_position_embeddings",
    "attention_factor",
    "beta_fast",
    "beta_slow",
    "short_factor",
    "long_factor",
    "low_freq_factor",
    "high_freq_factor",
    "mscale",
    "mscale_all_dim",
    "truncate",
    "mrope_section",  # positions of pictures; a text's are the same on every axis
}


def rope_settings(config: Config) -> dict[str, Any]:
    """The settings of all layers of a family whose layers have the same."""
    settings = config.table("rope_scaling") or config.table("rope_parameters")
    _check_keys(settings)
    theta, share = "rope_theta", "partial_rotary_factor"
    if config.kind == "gpt_neox":
        theta, share = "rotary_emb_base", "rotary_pct"
        settings.setdefault("partial_rotary_factor", config.values.get(share, 0.25))
    settings.setdefault("rope_theta", config.values.get(theta, table()[config.kind]["theta"]))
    settings.setdefault("partial_rotary_factor", config.values.get(share, 1.0))
    settings = _with_type(settings)
    if config.kind == "phi3" and settings["rope_type"] in ("su", "yarn"):
        settings["rope_type"] = "longrope"
    original = "original_max_position_embeddings"
    if settings["rope_type"] in _EXTENDED and original in config.values:
        settings[original] = config.values[original]  # beside the settings it counts more
    return _with_context(config, settings)


def rope_settings_by_kind(config: Config) -> dict[str, dict[str, Any]]:
    """Gemma 3: settings of the layers that see everything, and of those with a window."""
    given = config.table("rope_parameters")
    unknown = sorted(given.keys() - set(KINDS))
    scaling = config.table("rope_scaling")
    if unknown or (scaling and given and "full_attention" not in given):
        raise ConvertError(
            f"rope_parameters of {config.kind} must be by kind of layer ({', '.join(KINDS)}) in "
            f"config.json, not {shown(given)}."
        )
    thetas = table()[config.kind]["theta"]
    names = (("rope_theta", thetas["global"]), ("rope_local_base_freq", thetas["local"]))
    found = {}
    for kind, (name, default) in zip(KINDS, names, strict=True):
        settings = check_table(f"rope_parameters.{kind}", given.get(kind))
        if kind == "full_attention":
            settings |= scaling
        _check_keys(settings)
        settings.setdefault("rope_theta", config.values.get(name, default))
        settings.setdefault("partial_rotary_factor", 1.0)
        settings["truncate"] = (
            True  # transformers looks for it beside the kinds, and never finds it
        )
        found[kind] = _with_context(config, _with_type(settings))
    return found


def _check_keys(settings: Settings) -> None:
    if unknown := sorted(settings.keys() - KEYS):
        raise ConvertError(
            f"The rotary settings in config.json have keys that are not known for this family: "
            f"{', '.join(map(shown, unknown))}; known are: {', '.join(sorted(KEYS))}."
        )


def _with_type(settings: dict[str, Any]) -> dict[str, Any]:
    kind = settings.get("rope_type", settings.get("type", "default"))
    return {**settings, "rope_type": "default" if kind is None else kind}


def _with_context(config: Config, settings: dict[str, Any]) -> dict[str, Any]:
    context = config.values["max_position_embeddings"]
    return {"original_max_position_embeddings": context, **settings}


@dataclass(frozen=True)
class Rope:
    """Settings, and the plain table that they change: `plain` [pairs] for `size` elements."""

    config: Config
    settings: Settings
    size: int
    plain: Doubles

    def number(self, name: str, above: float = 0.0) -> float:
        """A setting that must be a number above `above`."""
        return _number(self.settings, name, above)

    def optional(self, name: str, above: float = -math.inf) -> float | None:
        """The same, or None for null and for nothing."""
        return None if self.settings.get(name) is None else self.number(name, above)

    def stretch(self, context: float) -> float:
        """The factor, else how much longer the context is than it was in training."""
        factor = self.optional("factor", 0.0)
        whole = self.config.size("max_position_embeddings")
        return whole / context if factor is None else factor


def read_rotary(config: Config, head_dim: int, settings: Settings) -> Rotary:
    """The rotary table of those settings; ConvertError names what is wrong with them."""
    kind = settings["rope_type"]
    known = ("default", "longrope") if config.kind == "phi3" else tuple(_TYPES)
    if not isinstance(kind, str) or kind not in known:
        raise ConvertError(
            f"The rotary scaling {kind!r} is not known for {config.kind}; known are: "
            f"{', '.join(known)}."
        )
    size, theta = _turned(config, head_dim, kind, settings), _number(settings, "rope_theta")
    try:
        with np.errstate(all="ignore"):
            plain = theta ** (-np.arange(0, size, 2, dtype=np.float64) / size)
            found = _TYPES[kind](Rope(config, settings, size, plain))
    except (ArithmeticError, ValueError) as exc:
        raise _impossible(settings) from exc
    tables = [found.frequencies, *([] if found.long is None else [found.long])]
    if not math.isfinite(found.factor) or not all(np.isfinite(table).all() for table in tables):
        raise _impossible(settings)
    if any(2 * len(table) > head_dim for table in tables):
        raise ConvertError(f"A head of {head_dim} elements cannot be turned: it must be even.")
    return found


def _impossible(settings: Settings) -> ConvertError:
    return ConvertError(f"The rotary settings give no finite numbers: {shown(dict(settings))}.")


def _turned(config: Config, head_dim: int, kind: str, settings: Settings) -> int:
    """How many elements of a head the frequencies are made for."""
    if kind == "proportional":
        return head_dim
    share = _share(settings)
    size = int(head_dim * share)
    if config.kind in IN_PART or size == head_dim:
        return size
    if kind == "default":
        return head_dim  # transformers' plain table knows no part; rope_notes tells it
    raise ConvertError(
        f"partial_rotary_factor {share:g} with the rotary scaling {kind!r} is not possible for "
        f"{config.kind}: transformers turns whole heads there."
    )


def _share(settings: Settings) -> float:
    share = _number(settings, "partial_rotary_factor", -1)
    if 0 <= share <= 1:
        return share
    raise ConvertError(f"partial_rotary_factor in config.json must be from 0 to 1, not {share:g}.")


def rope_notes(config: Config) -> list[str]:
    """What to tell of settings that transformers does not look at, or not as far as we go."""
    if config.kind == "gpt2":
        return []
    by_kind = config.kind == "gemma3_text"
    found = rope_settings_by_kind(config).values() if by_kind else [rope_settings(config)]
    notes = []
    for settings in found:
        kind, share = settings["rope_type"], settings["partial_rotary_factor"]
        if kind == "default" and share != 1 and config.kind not in IN_PART:
            notes.append(
                "partial_rotary_factor of config.json has no effect: transformers' "
                f"{config.kind} turns whole heads"
            )
        if kind == "dynamic":
            notes.append(
                "the rotary scaling 'dynamic' changes nothing within max_position_embeddings, "
                "which is as far as a converted model goes"
            )
    return list(dict.fromkeys(notes))


def _number(settings: Settings, name: str, above: float = 0.0) -> float:
    return check_number(f"rope_parameters.{name}", settings.get(name), above)


def _rotary(frequencies: Doubles, factor: float = 1.0) -> Rotary:
    return Rotary(frequencies.astype(np.float32), factor)


def _default(rope: Rope) -> Rotary:
    """Also "dynamic", which differs only beyond max_position_embeddings, farther than a model of
    ours is run."""
    return _rotary(rope.plain)


def _linear(rope: Rope) -> Rotary:
    return _rotary(rope.plain / rope.number("factor"))


def _proportional(rope: Rope) -> Rotary:
    turned = int(_share(rope.settings) * rope.size // 2)
    frequencies = np.where(np.arange(len(rope.plain)) < turned, rope.plain, 0.0)
    return _rotary(frequencies / (rope.optional("factor", 0.0) or 1.0))


def _llama3(rope: Rope) -> Rotary:
    plain, factor = rope.plain, rope.number("factor")
    context = rope.number("original_max_position_embeddings")
    low, high = rope.number("low_freq_factor"), rope.number("high_freq_factor")
    waves = 2 * math.pi / plain
    smooth = (context / waves - low) / np.float64(high - low)
    mixed = (1 - smooth) * plain / factor + smooth * plain
    found = np.where(waves < context / high, plain, mixed)
    return _rotary(np.where(waves > context / low, plain / factor, found))


def _yarn(rope: Rope) -> Rotary:
    size, theta = rope.size, rope.number("rope_theta")
    context = rope.number("original_max_position_embeddings")
    factor = rope.stretch(context)

    def pair(turns: float) -> float:
        return size * math.log(context / (turns * 2 * math.pi)) / (2 * math.log(theta))

    low = pair(rope.optional("beta_fast") or 32)
    high = pair(rope.optional("beta_slow") or 1)
    if rope.settings.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, size - 1)
    ramp = np.clip((np.arange(size // 2) - low) / (high - low or 0.001), 0, 1)
    mixed = rope.plain * (1 - ramp) + rope.plain / factor * ramp
    return _rotary(mixed, _yarn_factor(rope, factor))


def _yarn_factor(rope: Rope, factor: float) -> float:
    given = rope.optional("attention_factor")
    if given is not None:
        return given

    def scale(weight: float) -> float:
        return 1.0 if factor <= 1 else 0.1 * weight * math.log(factor) + 1.0

    one, whole = rope.optional("mscale"), rope.optional("mscale_all_dim")
    return scale(one) / scale(whole) if one and whole else scale(1.0)


def _longrope(rope: Rope) -> Rotary:
    name = "original_max_position_embeddings"
    original = check_size(name, rope.settings.get(name))
    factor, scale = rope.stretch(original), rope.optional("attention_factor")
    if scale is None:
        scale = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))
    short, long = (rope.plain / _factors(rope, f"{which}_factor") for which in ("short", "long"))
    return Rotary(short.astype(np.float32), scale, long.astype(np.float32), original)


def _factors(rope: Rope, name: str) -> Doubles:
    values, count = rope.settings.get(name), len(rope.plain)
    if not isinstance(values, list) or len(values) != count:
        raise ConvertError(f"{name} in config.json must be a list of {count} numbers.")
    return np.array([check_number(name, value) for value in values], np.float64)


_TYPES = {
    "default": _default,
    "dynamic": _default,
    "linear": _linear,
    "llama3": _llama3,
    "yarn": _yarn,
    "longrope": _longrope,
    "proportional": _proportional,
}
