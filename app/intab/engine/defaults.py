"""What a model's files say about generating: generation_config.json, laid over config.json.

Keys that transformers heeds and we do not are told of, unless their value changes nothing: an
answer that is not transformers' must not come in silence. The model stays usable.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from intab.engine.options import GenerationOptions
from intab.errors import ManifestError, OptionError

# Keys of transformers' GenerationConfig that change the answer, with the values that do not:
# https://huggingface.co/docs/transformers/main_classes/text_generation
_UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "min_length": (0,),
    "encoder_repetition_penalty": (1,),
    "encoder_no_repeat_ngram_size": (0,),
    "exponential_decay_length_penalty": (),
    "sequence_bias": (),
    "token_healing": (False,),
    "guidance_scale": (1,),
    "watermarking_config": (),
    "top_h": (),
    "penalty_alpha": (0,),
    "dola_layers": (),
    "diversity_penalty": (0,),
    "num_beam_groups": (1,),
    "constraints": (),
    "force_words_ids": (),
    "remove_invalid_values": (False,),
    "renormalize_logits": (False,),
}


def read_defaults(config: Mapping[str, Any], eos_token: Any) -> dict[str, Any]:
    """The options' defaults in a generation_config.json; ManifestError if one is out of range.

    `eos_token` is taken where the config names none. A warning names what is not supported.
    """
    eos = config.get("eos_token_id")
    defaults = {**config, "eos_token_id": eos_token if eos is None else eos}
    if config.get("stop_strings"):
        defaults["stop"] = config["stop_strings"]
    try:
        GenerationOptions.make({}, defaults)
    except OptionError as exc:
        raise ManifestError(f"generation_config.json is not valid: {exc}") from exc
    if lost := unsupported(config):
        warnings.warn(
            f"generation_config.json asks for {', '.join(lost)}, which intab does not have: "
            "answers may differ from transformers'.",
            stacklevel=3,
        )
    return defaults


def unsupported(config: Mapping[str, Any]) -> list[str]:
    """The keys that would change the answer if they were supported, with their values."""
    return [
        f"{name}={config[name]!r}"
        for name, harmless in _UNSUPPORTED.items()
        if config.get(name) not in (None, *harmless)
    ]
