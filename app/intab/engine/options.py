"""Generation options: transformers' names, checked; an option that is unknown is an error.

The model's generation_config.json gives the defaults; what the caller passes wins:

    >>> GenerationOptions.make({"top_k": 40}, {"temperature": 0.7}).top_k
    40
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from intab.engine.sampling import LogitsProcessor
from intab.errors import OptionError

DEFAULT_MAX_NEW_TOKENS = 256
_SAMPLING = ("temperature", "top_k", "top_p", "seed")


@dataclass(frozen=True)
class GenerationOptions:
    """How to generate; ranges stand with each option.

    max_new_tokens: at most this many new tokens, 1 or more; the context ends it earlier.
    do_sample: draw at random; False takes the most probable token each time (greedy).
        Left out, it is True where the model's generation_config.json says so or where
        temperature, top_k, top_p or seed is passed.
    temperature: 0 or more; 0 is greedy, 1 leaves the model's probabilities as they are.
    top_k: keep this many tokens, 0 or more; 0 keeps all.
    top_p: keep the most probable tokens that reach this sum, from 0 to 1; 1 keeps all.
    seed: 0 or more; the same seed gives the same text. None draws one.
    eos_token_id: the id or ids that end the text; None takes the model's.
    logits_processors: functions (ids, logits) -> logits, called in order before the sampler with
        all ids so far and the float32 row [vocab].
    """

    max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS
    do_sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int | None = None
    eos_token_id: tuple[int, ...] = ()
    logits_processors: tuple[LogitsProcessor, ...] = ()

    @classmethod
    def make(cls, passed: Mapping[str, Any], defaults: Mapping[str, Any]) -> GenerationOptions:
        """Check what the caller passed and lay it over the model's defaults."""
        _refuse_unknown(passed)
        values = {name: value for name, value in passed.items() if value is not None}
        known = {k: v for k, v in defaults.items() if k in _CHECKS and v is not None}
        merged = {name: _CHECKS[name](name, v) for name, v in {**known, **values}.items()}
        merged["do_sample"] = _decide_sampling(values, merged)
        return cls(**merged)

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is taken each time."""
        return not self.do_sample or self.temperature == 0

    def limited(self, room: int) -> GenerationOptions:
        """The same options with at most `room` new tokens."""
        return replace(self, max_new_tokens=min(self.max_new_tokens, room))


def _refuse_unknown(passed: Mapping[str, Any]) -> None:
    names = [f.name for f in fields(GenerationOptions)]
    for name in passed:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the options are {', '.join(names)}."
            raise OptionError(f"Unknown option {name!r}: {hint}")


def _decide_sampling(passed: Mapping[str, Any], merged: Mapping[str, Any]) -> bool:
    asked = [name for name in _SAMPLING if name in passed]
    if passed.get("do_sample") is False:
        lost = [name for name in asked if (name, passed[name]) != ("temperature", 0)]
        if lost:
            raise OptionError(
                f"{lost[0]} has no effect with do_sample=False: leave one of the two out."
            )
        return False
    return bool(merged.get("do_sample", False) or asked)


def _integer(low: int, what: str) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < low:
            raise OptionError(f"{name} must be {what}, not {value!r}.")
        return int(value)

    return check


def _number(low: float, high: float, what: str) -> Callable[[str, Any], float]:
    def check(name: str, value: Any) -> float:
        if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
            raise OptionError(f"{name} must be {what}, not {value!r}.")
        if not low <= float(value) <= high or math.isinf(float(value)):
            raise OptionError(f"{name} must be {what}, not {value!r}.")
        return float(value)

    return check


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise OptionError(f"{name} must be True or False, not {value!r}.")
    return value


def _token_ids(name: str, value: Any) -> tuple[int, ...]:
    check = _integer(0, "a token id or a list of them, each 0 or more")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(check(name, item) for item in value)
    return (check(name, value),)


def _functions(name: str, value: Any) -> tuple[LogitsProcessor, ...]:
    items = tuple(value) if isinstance(value, Sequence) else (value,)
    if not all(callable(item) for item in items):
        raise OptionError(f"{name} must be a list of functions (ids, logits) -> logits.")
    return items


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "max_new_tokens": _integer(1, "a whole number, 1 or more"),
    "do_sample": _boolean,
    "temperature": _number(0, math.inf, "a number, 0 or more"),
    "top_k": _integer(0, "a whole number, 0 or more"),
    "top_p": _number(0, 1, "a number from 0 to 1"),
    "seed": _integer(0, "a whole number, 0 or more"),
    "eos_token_id": _token_ids,
    "logits_processors": _functions,
}
