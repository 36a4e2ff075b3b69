"""The options of a call that are Whisper's own, checked; what is left are those of generating.

Names are those of transformers' WhisperForConditionalGeneration.generate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from intab.engine.generation.option_checks import make_number
from intab.engine.tasks.speech.whisper_files import WhisperFiles
from intab.engine.tasks.speech.whisper_start import Wanted
from intab.errors import OptionError

_CONDITIONS = ("first-segment", "all-segments")
_ANY = make_number(-1e9, 1e9, "a finite number")
_TEMPERATURE = make_number(0, 1e9, "a number, 0 or more, or a list of them")


@dataclass(frozen=True)
class Listening:
    """How a sound is listened to.

    times: whether times are written, None if nobody says. words: of words. temperatures: tried in
    turn, None is no sampling. prompt: ids before each piece, of the first one alone unless
    condition says "all-segments".
    """

    wanted: Wanted
    times: bool | None = None
    words: bool = False
    temperatures: tuple[float | None, ...] = (None,)
    prompt: tuple[int, ...] | None = None
    condition: str = _CONDITIONS[0]
    on_previous: bool = False
    compression_ratio: float | None = None
    logprob: float | None = None
    no_speech: float | None = None


def take_listening(
    options: dict[str, Any], files: WhisperFiles, times: bool | str | None
) -> Listening:
    """Take them out of a call's options; OptionError."""
    wanted = Wanted(
        _text(options, "language"), _text(options, "task"), _flag(options, "is_multilingual")
    )
    wanted.check(files)
    if (times or files.said.get("return_timestamps")) and files.no_timestamps is None:
        raise OptionError(
            "The model's generation_config.json has no no_timestamps_token_id, so it cannot write "
            "times: leave return_timestamps out."
        )
    if times == "word" and files.heads is None:
        raise OptionError(
            "The model's generation_config.json has no alignment_heads, so the times of words are "
            "not known: pass return_timestamps=True for those of segments."
        )
    temperatures = _temperatures(options.pop("temperature", None))
    if options.pop("do_sample", None) and not temperatures[0]:
        raise OptionError("do_sample has no effect without a temperature: pass one above 0.")
    said = files.said
    previous = _flag(options, "condition_on_prev_tokens")
    previous = said.get("condition_on_prev_tokens") is True if previous is None else previous
    found = Listening(
        wanted.or_told(files),
        _times(times, said),
        times == "word",
        temperatures,
        _prompt(options.pop("prompt_ids", None), files),
        _condition(options, previous),
        previous,
        _threshold(options, said, "compression_ratio_threshold"),
        _threshold(options, said, "logprob_threshold"),
        _threshold(options, said, "no_speech_threshold"),
    )
    if found.no_speech is not None and found.logprob is None:
        raise OptionError("no_speech_threshold needs logprob_threshold: pass both.")
    return found


def _times(times: bool | str | None, said: Mapping[str, Any]) -> bool | None:
    if times:
        return True
    told = said.get("return_timestamps")
    return None if told is None else bool(told)


def _text(options: dict[str, Any], name: str) -> str | None:
    value = options.pop(name, None)
    if value is not None and not isinstance(value, str):
        raise OptionError(f"{name} must be a text, not {value!r}.")
    return value


def _flag(options: dict[str, Any], name: str) -> bool | None:
    value = options.pop(name, None)
    if value is not None and not isinstance(value, bool):
        raise OptionError(f"{name} must be True or False, not {value!r}.")
    return value


def _temperatures(value: Any) -> tuple[float | None, ...]:
    if value is None:
        return (None,)
    several = value if isinstance(value, (list, tuple)) else [value]
    if not several:
        raise OptionError("temperature must be a number or a list of them, not an empty list.")
    return tuple(_TEMPERATURE("temperature", one) for one in several)


def _threshold(options: dict[str, Any], said: Mapping[str, Any], name: str) -> float | None:
    value = options.pop(name, None)
    value = said.get(name) if value is None else value
    return None if value is None else _ANY(name, value)


def _condition(options: dict[str, Any], previous: bool) -> str:
    value = options.pop("prompt_condition_type", None) or _CONDITIONS[0]
    if value not in _CONDITIONS:
        raise OptionError(
            f"prompt_condition_type must be one of {', '.join(_CONDITIONS)}, not {value!r}."
        )
    if value == _CONDITIONS[1] and not previous:
        raise OptionError(
            "prompt_condition_type='all-segments' needs condition_on_prev_tokens=True: pass both."
        )
    return str(value)


def _prompt(value: Any, files: WhisperFiles) -> tuple[int, ...] | None:
    if value is None:
        return None
    ids = value.tolist() if isinstance(value, np.ndarray) else value
    most = int(files.config.get("vocab_size") or 1 << 30)
    if (
        not isinstance(ids, Sequence)
        or not ids
        or not all(type(n) is int and 0 <= n < most for n in ids)
    ):
        raise OptionError(
            "prompt_ids must be a list of token ids, such as pipe.get_prompt_ids(text) gives."
        )
    return tuple(ids)
