"""Checks of options' values: each takes an option's name and value and gives the value to keep.

A value of the wrong kind or out of range is an OptionError that names the option and the range.

    >>> make_integer(1, "a whole number, 1 or more")("max_new_tokens", 5)
    5
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from intab.engine.constrain.constraint import OPTIONS as CONSTRAINTS
from intab.engine.io.untrusted import shown
from intab.engine.types import LiveNumber, LogitsProcessor, LogitsProcessorFactory
from intab.errors import OptionError

Check = Callable[[str, Any], Any]


def make_integer(low: int, what: str, high: float = math.inf) -> Callable[[str, Any], int]:
    """A check for whole numbers from `low` to `high`; `what` says so in words."""

    def check(name: str, value: Any) -> int:
        whole = hasattr(value, "__index__") and not isinstance(value, bool)
        if not whole or not low <= int(value) <= high:
            raise OptionError(f"{name} must be {what}, not {shown(value)}.")
        return int(value)

    return check


def make_number(low: float, high: float, what: str) -> Callable[[str, Any], float]:
    """A check for finite numbers from `low` to `high`; `what` says so in words."""

    def check(name: str, value: Any) -> float:
        try:
            found = math.nan if isinstance(value, (bool, str)) else float(value)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if not low <= found <= high or math.isinf(found):
            raise OptionError(f"{name} must be {what}, not {shown(value)}.")
        return value if isinstance(value, LiveNumber) else found

    return check


def boolean(name: str, value: Any) -> bool:
    """True or False, nothing that is like them."""
    if not isinstance(value, bool):
        raise OptionError(f"{name} must be True or False, not {shown(value)}.")
    return value


def token_ids(name: str, value: Any) -> tuple[int, ...]:
    """An id or several."""
    check = make_integer(0, "a token id or a list of them, each 0 or more")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(check(name, item) for item in value)
    return (check(name, value),)


def words(name: str, value: Any) -> tuple[tuple[int, ...], ...]:
    """Lists of ids."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(value):
        raise OptionError(f"{name} must be a list of lists of token ids, none of them empty.")
    return tuple(token_ids(name, item) for item in value)


def bias(name: str, value: Any) -> dict[int, float]:
    """Numbers by token id."""
    if not isinstance(value, Mapping):
        raise OptionError(f"{name} must be a dict from token ids to numbers, not {shown(value)}.")
    check = make_number(-math.inf, math.inf, "a dict from token ids to finite numbers")
    return {token_ids(name, token)[0]: check(name, bias) for token, bias in value.items()}


def sequence_bias(name: str, value: Any) -> tuple[tuple[tuple[int, ...], float], ...]:
    """Numbers by sequences of ids: [[ids, number], ...] as in a file, or {(id, ...): number}."""
    words = "a list of [token ids, finite number]"
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, Sequence) or not all(map(_is_pair, pairs)):
        raise OptionError(f"{name} must be {words}, not {shown(value)}.")
    check = make_number(-math.inf, math.inf, words)
    return tuple({token_ids(name, ids): check(name, number) for ids, number in pairs}.items())


def _is_pair(value: Any) -> bool:
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    return pair and isinstance(value[0], (list, tuple)) and bool(value[0])


def decay(name: str, value: Any) -> tuple[int, float]:
    """The start and the factor."""
    words = "a list of two: a whole number, 0 or more, and a number, more than 0"
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise OptionError(f"{name} must be {words}, not {shown(value)}.")
    start, factor = make_integer(0, words), make_number(TINY, math.inf, words)
    return start(name, value[0]), factor(name, value[1])


def strings(name: str, value: Any) -> tuple[str, ...]:
    """A string or several."""
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(i, str) and i for i in items):
        raise OptionError(f"{name} must be a string or a list of strings, none of them empty.")
    return tuple(items)


def functions(name: str, value: Any) -> tuple[LogitsProcessor | LogitsProcessorFactory, ...]:
    """A function or several."""
    items = tuple(value) if isinstance(value, Sequence) else (value,)
    if not all(callable(item) for item in items):
        raise OptionError(f"{name} must be a list of functions (ids, logits) -> logits.")
    return items


def early_stopping(name: str, value: Any) -> bool | str:
    """True, False or "never"."""
    if not isinstance(value, bool) and value != "never":
        raise OptionError(f'{name} must be True, False or "never", not {shown(value)}.')
    return bool(value) if isinstance(value, bool) else "never"


def side(name: str, value: Any) -> str:
    """The side on which a prompt is cut."""
    if value not in ("left", "right"):
        raise OptionError(f'{name} must be "left" or "right", not {shown(value)}.')
    return str(value)


def constraint(name: str, value: Any) -> Any:
    """What an answer is to be; what judges it comes when it is first asked for."""
    from intab.engine.constrain.checks import CHECKS

    return CHECKS[name](name, value)


TINY = sys.float_info.min
MOST_LOGPROBS = 20  # https://platform.openai.com/docs/api-reference/chat/create
_COUNT = make_integer(0, "a whole number, 0 or more")
_PROBABILITY = make_number(0, 1, "a number from 0 to 1")
_PENALTY = make_number(-2, 2, "a number from -2 to 2")
CHECKS: dict[str, Check] = {
    "max_new_tokens": make_integer(1, "a whole number, 1 or more"),
    "max_length": make_integer(1, "a whole number, 1 or more"),
    "min_new_tokens": _COUNT,
    "min_length": _COUNT,
    "max_time": make_number(TINY, math.inf, "a number of seconds, more than 0"),
    "eos_token_id": token_ids,
    "stop": strings,
    "do_sample": boolean,
    "temperature": make_number(0, math.inf, "a number, 0 or more"),
    "top_k": _COUNT,
    "top_p": _PROBABILITY,
    "min_p": _PROBABILITY,
    "typical_p": make_number(TINY, 1, "a number above 0, at most 1"),
    "epsilon_cutoff": _PROBABILITY,
    "eta_cutoff": _PROBABILITY,
    "seed": _COUNT,
    "repetition_penalty": make_number(TINY, math.inf, "a number, more than 0"),
    "encoder_repetition_penalty": make_number(TINY, math.inf, "a number, more than 0"),
    "presence_penalty": _PENALTY,
    "frequency_penalty": _PENALTY,
    "no_repeat_ngram_size": _COUNT,
    "encoder_no_repeat_ngram_size": _COUNT,
    "bad_words_ids": words,
    "suppress_tokens": token_ids,
    "begin_suppress_tokens": token_ids,
    "forced_bos_token_id": token_ids,
    "forced_eos_token_id": token_ids,
    "exponential_decay_length_penalty": decay,
    "remove_invalid_values": boolean,
    "renormalize_logits": boolean,
    "logit_bias": bias,
    "sequence_bias": sequence_bias,
    "logits_processors": functions,
    **dict.fromkeys(CONSTRAINTS, constraint),
    "prompt_lookup_num_tokens": _COUNT,
    "num_return_sequences": make_integer(1, "a whole number, 1 or more"),
    "num_beams": make_integer(1, "a whole number, 1 or more"),
    "length_penalty": make_number(-math.inf, math.inf, "a finite number"),
    "early_stopping": early_stopping,
    "skip_special_tokens": boolean,
    "logprobs": boolean,
    "top_logprobs": make_integer(0, f"a whole number from 0 to {MOST_LOGPROBS}", MOST_LOGPROBS),
    "truncation": boolean,
    "truncation_side": side,
    "prefill_chunk_size": make_integer(1, "a whole number, 1 or more"),
}
