"""What a model's files say about generating: generation_config.json, laid over config.json.

Keys that transformers honours and we do not are named in a warning, unless their value changes
nothing: an answer that is not transformers' must not come in silence. The model stays usable.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from intab.engine.constrain.constraint import OPTIONS as CONSTRAINTS
from intab.engine.generation.option_checks import CHECKS
from intab.engine.generation.options import GenerationOptions
from intab.engine.model_config import ModelConfig
from intab.engine.text.assets import Texts
from intab.errors import ManifestError, OptionError

# Keys of transformers' GenerationConfig that change the answer, with the values that do not:
# https://huggingface.co/docs/transformers/main_classes/text_generation
_UNSUPPORTED: dict[str, tuple[Any, ...]] = {
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
}


# Options that only sampling looks at, and values that switch an option off, as transformers does:
# https://github.com/huggingface/transformers/blob/main/src/transformers/generation/utils.py
_SAMPLING = (
    *("temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff"),
)
_OFF: dict[str, Callable[[float], bool]] = {
    "top_p": lambda value: value >= 1,
    "typical_p": lambda value: value >= 1,
    "epsilon_cutoff": lambda value: not 0 < value < 1,
    "eta_cutoff": lambda value: not 0 < value < 1,
    "no_repeat_ngram_size": lambda value: value <= 0,
    "encoder_no_repeat_ngram_size": lambda value: value <= 0,
    "min_new_tokens": lambda value: value <= 0,
    "min_length": lambda value: value <= 0,
}
_IDS = (
    *("eos_token_id", "suppress_tokens", "begin_suppress_tokens"),
    *("forced_bos_token_id", "forced_eos_token_id"),
)
# What a folder may ask for: more would take all memory, and no model needs it.
_MOST = {"num_beams": 1000, "num_return_sequences": 1000, "prompt_lookup_num_tokens": 1000}


def generation_defaults(texts: Texts, vocabulary: int) -> dict[str, Any]:
    """The options that a model's files ask for, with its end token."""
    eos = ModelConfig.of(texts.config).eos_token_id
    token = texts.tokenizer.special_tokens_map.get("eos_token")
    if eos is None and token:
        eos = texts.tokenizer.token_id(token)
    return read_defaults(texts.generation_config, eos, vocabulary)


def read_defaults(
    config: Mapping[str, Any], eos_token: Any, vocabulary: int | None = None
) -> dict[str, Any]:
    """The options' defaults in a generation_config.json; ManifestError if one is out of range.

    `eos_token` is taken if the config names none, `vocabulary` is the number of logits. A
    warning names options that are not supported, and values out of range that change nothing.
    """
    eos = config.get("eos_token_id")
    said = {**config, "eos_token_id": eos_token if eos is None else eos}
    if config.get("stop_strings"):
        said["stop"] = config["stop_strings"]
    defaults, ignored = dict[str, Any](), list[str]()
    for name, value in said.items():
        if name in CHECKS and name not in CONSTRAINTS and value is not None:
            kept = _known_ids(name, value, vocabulary)
            if kept is not None and not _changes_nothing(name, kept, said):
                defaults[name] = kept
            if defaults.get(name) != value:
                ignored.append(f"{name}={value!r}"[:100])
    _check(defaults)
    _tell(ignored, "which changes nothing and is left out.")
    _tell(unsupported(config), "which intab does not have: answers may differ from transformers'.")
    return defaults


def _known_ids(name: str, value: Any, vocabulary: int | None) -> Any:
    """The value without token ids that no model gives, which transformers never meets; None for
    nothing left."""
    if name in ("bad_words_ids", "sequence_bias") and isinstance(value, list):
        ids = [one[0] if name == "sequence_bias" and _is_list(one) else one for one in value]
        known = [not _is_list(word) or _all_known(word, vocabulary) for word in ids]
        return [word for word, whole in zip(value, known, strict=True) if whole] or None
    if name not in _IDS or not isinstance(value, (int, list)):
        return value
    if name == "eos_token_id":
        vocabulary = None  # a tokenizer may have an end that the model never gives
    if isinstance(value, list):
        return [token for token in value if _all_known([token], vocabulary)] or None
    return value if _all_known([value], vocabulary) else None


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _all_known(tokens: list[Any], vocabulary: int | None) -> bool:
    most = math.inf if vocabulary is None else vocabulary
    return all(not isinstance(token, int) or 0 <= token < most for token in tokens)


def _changes_nothing(name: str, value: Any, said: Mapping[str, Any]) -> bool:
    """Whether a value that is out of range is one that transformers never looks at."""
    try:
        CHECKS[name](name, value)
    except OptionError:
        if name in _SAMPLING and said.get("do_sample") is not True:
            return True
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and name in _OFF and _OFF[name](value)
    return False


def _check(defaults: Mapping[str, Any]) -> None:
    for name, most in _MOST.items():
        if isinstance(value := defaults.get(name), int) and value > most:
            raise ManifestError(
                f"generation_config.json is not valid: {name} must be {most:,} at most, "
                f"not {value:,}."
            )
    try:
        GenerationOptions.make({}, defaults)
    except OptionError as exc:
        raise ManifestError(f"generation_config.json is not valid: {exc}") from exc


def _tell(named: list[str], words: str) -> None:
    if named:
        warnings.warn(f"generation_config.json asks for {', '.join(named)}, {words}", stacklevel=4)


def unsupported(config: Mapping[str, Any]) -> list[str]:
    """The keys that would change the answer if they were supported, with their values."""
    return [
        f"{name}={config[name]!r}"
        for name, harmless in _UNSUPPORTED.items()
        if config.get(name) not in (None, *harmless)
    ]
