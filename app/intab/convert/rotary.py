"""Reads a config's rotary settings: plain, linear, llama3, yarn and longrope.

Both spellings are read: `rope_theta` with `rope_scaling`, and transformers 5's `rope_parameters`.
The formulas are those of transformers' modeling_rope_utils.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.convert.architecture import Rotary
from intab.errors import ConvertError

Config = Mapping[str, Any]
Doubles = NDArray[np.float64]
_THETAS = {"smollm3": 2_000_000.0}  # where the config leaves rope_theta to the family


def rotary_settings(config: Config, kind: str = "full_attention") -> dict[str, Any]:
    """`rope_parameters` of a config for layers of one kind, with rope_theta in it."""
    settings = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    settings = dict(settings.get(kind, settings))
    theta = _THETAS.get(config.get("model_type", ""), 10_000.0)
    for key, default in (("rope_theta", theta), ("partial_rotary_factor", 1.0)):
        settings.setdefault(key, config.get(key) or default)
    context = config.get("max_position_embeddings", 0)
    settings.setdefault("original_max_position_embeddings", context)
    settings["rope_type"] = settings.get("rope_type") or settings.get("type") or "default"
    return settings


def read_rotary(config: Config, head_dim: int, settings: Mapping[str, Any]) -> Rotary:
    """The rotary table of those settings; ConvertError names a scaling that is not known."""
    size = int(head_dim * settings["partial_rotary_factor"])
    plain = np.float64(settings["rope_theta"]) ** (-np.arange(0, size, 2, dtype=np.float64) / size)
    kind = settings["rope_type"]
    if kind == "default":
        return Rotary(plain.astype(np.float32))
    if kind in ("longrope", "su"):
        return _longrope(config, settings, plain)
    if kind not in _SCALINGS:
        known = ", ".join(("default", *_SCALINGS, "longrope"))
        raise ConvertError(f"The rotary scaling {kind!r} is not known; known are: {known}.")
    frequencies, factor = _SCALINGS[kind](settings, plain)
    return Rotary(frequencies.astype(np.float32), factor)


def _linear(settings: Config, plain: Doubles) -> tuple[Doubles, float]:
    return plain / settings["factor"], 1.0


def _llama3(settings: Config, plain: Doubles) -> tuple[Doubles, float]:
    factor, context = settings["factor"], settings["original_max_position_embeddings"]
    low, high = settings["low_freq_factor"], settings["high_freq_factor"]
    waves = 2 * math.pi / plain
    smooth = np.clip((context / waves - low) / (high - low), 0, 1)
    return (1 - smooth) * plain / factor + smooth * plain, 1.0


def _yarn(settings: Config, plain: Doubles) -> tuple[Doubles, float]:
    factor, size = settings["factor"], 2 * len(plain)
    context = settings["original_max_position_embeddings"]

    def pair(turns: float) -> float:
        turned = math.log(context / (turns * 2 * math.pi))
        return size * turned / (2 * math.log(settings["rope_theta"]))

    low = pair(settings.get("beta_fast") or 32)
    high = pair(settings.get("beta_slow") or 1)
    if settings.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, size - 1)
    ramp = np.clip((np.arange(size // 2) - low) / max(high - low, 0.001), 0, 1)
    return plain * (1 - ramp) + plain / factor * ramp, _yarn_factor(settings)


def _yarn_factor(settings: Config) -> float:
    if settings.get("attention_factor") is not None:
        return float(settings["attention_factor"])

    def scale(weight: float) -> float:
        factor = settings["factor"]
        return 1.0 if factor <= 1 else 0.1 * weight * math.log(factor) + 1.0

    one, all_dims = settings.get("mscale"), settings.get("mscale_all_dim")
    return scale(one) / scale(all_dims) if one and all_dims else scale(1.0)


def _longrope(config: Config, settings: Config, plain: Doubles) -> Rotary:
    context, key = config["max_position_embeddings"], "original_max_position_embeddings"
    original = config.get(key) or settings[key]
    factor = settings.get("factor") or context / original
    scale = settings.get("attention_factor")
    if scale is None:
        scale = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))
    short, long = (plain / np.array(settings[f"{which}_factor"]) for which in ("short", "long"))
    return Rotary(short.astype(np.float32), float(scale), long.astype(np.float32), int(original))


_SCALINGS = {"linear": _linear, "llama3": _llama3, "yarn": _yarn}
