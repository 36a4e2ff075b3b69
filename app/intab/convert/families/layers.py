"""Which layers have a window, and which turn their queries and keys, as each config class says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intab.convert.config import LAYERS, Config, shown
from intab.errors import ConvertError

SLIDING = "sliding_attention"
_NAMES = {"full_attention": "", "attention": "", SLIDING: SLIDING}  # as listed -> as used here
_EVERY_LAYER = ("mistral", "phi3")  # a window that is set counts in all layers
_ASKED_FOR = ("qwen2", "qwen3")  # a window counts where use_sliding_window is true
_ALTERNATING = ("gemma2", "gemma3_text")


def count_layers(config: Config, name: str = "num_hidden_layers") -> int:
    """How many layers there are."""
    return config.size(name, LAYERS)


def windows(config: Config, count: int) -> list[int]:
    """Each layer's window, 0 where it sees everything."""
    kinds = _layer_types(config, count)
    if config.kind in _EVERY_LAYER:
        # AutoConfig makes a Ministral, which needs a window, of a Mistral that lists its layers.
        listed = config.kind == "mistral" and "layer_types" in config.values
        window = config.size("sliding_window") if listed else _window(config)
        kinds = (kinds if listed else None) or [SLIDING if window else ""] * count
    elif config.kind in _ASKED_FOR:
        window = _window(config) if config.flag("use_sliding_window") else 0
        most = check_layers(config, "max_window_layers")
        kinds = kinds or [SLIDING if window and n >= most else "" for n in range(count)]
    elif config.kind == "smollm3":
        window = _window(config)
        asked = config.flag("use_sliding_window") and window
        kinds = kinds or [SLIDING if asked and not on else "" for on in turned(config, count)]
    elif config.kind in _ALTERNATING:
        window = config.size("sliding_window")
        every = _pattern(config) if kinds is None else 1
        kinds = kinds or [SLIDING if (n + 1) % every else "" for n in range(count)]
    else:
        return [0] * count
    if not window and SLIDING in kinds:
        raise ConvertError(
            f"layer_types in config.json has {SLIDING}, but there is no sliding_window (or "
            "use_sliding_window is false): they belong together."
        )
    return [window if kind else 0 for kind in kinds]


def _window(config: Config) -> int:
    return config.size_or("sliding_window", 0)


def _pattern(config: Config) -> int:
    """Gemma 2 and 3: how many layers there are for each that sees everything."""
    if config.kind == "gemma2":
        return 2
    return config.size("sliding_window_pattern") if "sliding_window_pattern" in config.values else 6


def check_layers(config: Config, name: str) -> int:
    """A number of layers, which may be 0."""
    value = config.values.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ConvertError(f"{name} in config.json must be a whole number, not {shown(value)}.")


def _layer_types(config: Config, count: int) -> list[str] | None:
    """The kinds of all layers as they are listed, None where they are not."""
    listed = config.list_or_none("layer_types", count)
    if listed is None:
        return None
    if len(listed) != count or not all(isinstance(kind, str) for kind in listed):
        raise ConvertError(
            f"layer_types in config.json must name each of the {count} layers, "
            f"not {len(listed)}: {shown(listed)}."
        )
    unknown = sorted({kind for kind in listed if kind not in _NAMES})
    if unknown:
        raise ConvertError(
            f"layer_types in config.json has {', '.join(unknown)}, which no graph of ours "
            f"computes; known are: full_attention, {SLIDING}."
        )
    return [_NAMES[kind] for kind in listed]


def turned(config: Config, count: int) -> Sequence[bool]:
    """SmolLM3 leaves every fourth layer without positions."""
    if config.kind != "smollm3":
        return [True] * count
    listed: list[Any] | None = config.list_or_none("no_rope_layers", count)
    if listed is None:
        every = config.size("no_rope_layer_interval")
        return [(number + 1) % every != 0 for number in range(count)]
    if not all(isinstance(on, int) for on in listed):
        raise ConvertError(f"no_rope_layers in config.json must be 0 or 1, not {shown(listed)}.")
    return [bool(on) for on in listed[:count]]
