"""What config.json says of rotary positions that a cache depends on.

Longrope (Phi-3 and its like) has two sets of frequencies. Keys are turned by the short one while
the whole text has at most `original_max_position_embeddings` tokens, and by the long one beyond, so
that a cache made on one side is of no use on the other. Linear, llama3 and yarn scaling turn a key
by its position alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ORIGINAL = "original_max_position_embeddings"
_LONGROPE = ("longrope", "su")  # the second is what Phi-3's first configs call it


def switch_of(config: Mapping[str, Any]) -> int:
    """The most tokens for which keys are turned by the short factors; 0 where nothing switches."""
    context = config.get("max_position_embeddings")
    for settings in _settings(config):
        if (settings.get("rope_type") or settings.get("type")) in _LONGROPE:
            switch = config.get(ORIGINAL) or settings.get(ORIGINAL)
            if isinstance(switch, int) and not (isinstance(context, int) and context <= switch):
                return switch
    return 0


def _settings(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The rotary settings under both spellings, those of single kinds of layers too."""
    for key in ("rope_parameters", "rope_scaling"):
        settings = config.get(key)
        if isinstance(settings, Mapping):
            yield settings
            yield from (one for one in settings.values() if isinstance(one, Mapping))
