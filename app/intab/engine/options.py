"""Generation options: transformers' names, checked; an option that is unknown is an error.

The model's generation_config.json gives the defaults; what the caller passes wins:

    >>> GenerationOptions.make({"top_k": 40}, {"temperature": 0.7}).top_k
    40
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

from intab.engine.sampling import LogitsProcessor
from intab.errors import OptionError

TINY = sys.float_info.min
_SAMPLING = (
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "typical_p",
    "epsilon_cutoff",
    "eta_cutoff",
    "seed",
)

_TOKEN_LISTS = (
    "suppress_tokens",
    "begin_suppress_tokens",
    "forced_bos_token_id",
    "forced_eos_token_id",
)


@dataclass(frozen=True)
class GenerationOptions:
    """How to generate; ranges and defaults stand with each option.

    Length
        max_new_tokens: at most this many new tokens, 1 or more; the context ends it earlier.
        min_new_tokens: no end token before that many, 0 or more.
        max_time: end after that many seconds, above 0; None is no limit.
        eos_token_id: the id or ids that end the text; None takes the model's.
        stop: a string or strings that end the text and are not part of it.

    Sampling
        do_sample: draw at random; False takes the most probable token each time (greedy).
            Left out, it is True where the model's generation_config.json says so or where an
            option of this section is passed.
        temperature: 0 or more; 0 is greedy, 1 leaves the model's probabilities as they are.
        top_k: keep this many tokens, 0 or more; 0 keeps all.
        top_p: keep the most probable tokens that reach this sum, from 0 to 1; 1 keeps all.
        min_p: keep tokens that many times as probable as the best one, from 0 to 1.
        typical_p: keep the tokens of most typical surprise that reach this sum, from 0 to 1.
        epsilon_cutoff, eta_cutoff: keep tokens above a probability, from 0 to 1; 0 keeps all.
        seed: 0 or more; the same seed gives the same text. None draws one.

    Logits
        repetition_penalty: above 0; more than 1 makes tokens of prompt and answer less likely.
        presence_penalty, frequency_penalty: -2 to 2; subtracted from tokens of the answer, once
            and for each time they came.
        no_repeat_ngram_size: no sequence of that many ids comes twice, 0 or more; 0 is off.
        bad_words_ids: lists of ids that may not come in that order.
        suppress_tokens, begin_suppress_tokens: ids that may not come, ever or as the first.
        forced_bos_token_id, forced_eos_token_id: the id after a prompt of one id; the id or ids
            allowed as the last one when the length is reached.
        logit_bias: numbers to add to ids' logits, {id: number}.
        logits_processors: functions (ids, logits) -> logits, called in order before the sampler
            with all ids so far and the float32 row [vocab].

    Speed
        prompt_lookup_num_tokens: where the text repeats itself, guess up to that many tokens and
            check them in one step, 0 or more; 0 is off. The answer stays the same. Left out, it is
            8 where the graph gives the logits after every token.
    """

    max_new_tokens: int = 256
    min_new_tokens: int = 0
    max_time: float | None = None
    eos_token_id: tuple[int, ...] = ()
    stop: tuple[str, ...] = ()
    do_sample: bool = False
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    epsilon_cutoff: float = 0.0
    eta_cutoff: float = 0.0
    seed: int | None = None
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    no_repeat_ngram_size: int = 0
    bad_words_ids: tuple[tuple[int, ...], ...] = ()
    suppress_tokens: tuple[int, ...] = ()
    begin_suppress_tokens: tuple[int, ...] = ()
    forced_bos_token_id: tuple[int, ...] = ()
    forced_eos_token_id: tuple[int, ...] = ()
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    logits_processors: tuple[LogitsProcessor, ...] = ()
    prompt_lookup_num_tokens: int | None = None

    @classmethod
    def make(cls, passed: Mapping[str, Any], defaults: Mapping[str, Any]) -> GenerationOptions:
        """Check what the caller passed and lay it over the model's defaults."""
        _refuse_unknown(passed)
        values = {name: value for name, value in passed.items() if value is not None}
        known = {k: v for k, v in defaults.items() if k in _CHECKS and v is not None}
        merged = {name: _CHECKS[name](name, v) for name, v in {**known, **values}.items()}
        merged["do_sample"] = _decide_sampling(values, merged)
        options = cls(**merged)
        if options.min_new_tokens > options.max_new_tokens:
            raise OptionError(
                f"min_new_tokens ({options.min_new_tokens}) is more than "
                f"max_new_tokens ({options.max_new_tokens}): change one of the two."
            )
        return options

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is taken each time."""
        return not self.do_sample or self.temperature == 0

    def check_tokens(self, size: int) -> None:
        """OptionError for a token id that a vocabulary of that size does not have."""
        lists = {name: getattr(self, name) for name in _TOKEN_LISTS}
        lists["bad_words_ids"] = [token for word in self.bad_words_ids for token in word]
        lists["logit_bias"] = list(self.logit_bias)
        for name, tokens in lists.items():
            if unknown := [token for token in tokens if token >= size]:
                raise OptionError(
                    f"{name} has the token id {unknown[0]}, but the vocabulary ends at {size - 1}."
                )

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
    greedy = "do_sample=False" if passed.get("do_sample") is False else ""
    greedy = greedy or ("temperature=0" if merged.get("temperature") == 0 else "")
    # A seed is honoured by greedy decoding as well: the same seed gives the same text.
    lost = [name for name in asked if name != "seed" and merged[name] != 0]
    if greedy and lost:
        raise OptionError(f"{lost[0]} has no effect with {greedy}: leave one of the two out.")
    return not greedy and bool(merged.get("do_sample", False) or asked)


def _integer(low: int, what: str) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < low:
            raise OptionError(f"{name} must be {what}, not {value!r}.")
        return int(value)

    return check


def _number(low: float, high: float, what: str) -> Callable[[str, Any], float]:
    def check(name: str, value: Any) -> float:
        try:
            number = math.nan if isinstance(value, (bool, str)) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not low <= number <= high or math.isinf(number):
            raise OptionError(f"{name} must be {what}, not {value!r}.")
        return number

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


def _words(name: str, value: Any) -> tuple[tuple[int, ...], ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(value):
        raise OptionError(f"{name} must be a list of lists of token ids, none of them empty.")
    return tuple(_token_ids(name, item) for item in value)


def _bias(name: str, value: Any) -> dict[int, float]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{name} must be a dict from token ids to numbers, not {value!r}.")
    number = _number(-math.inf, math.inf, "a dict from token ids to finite numbers")
    return {_token_ids(name, token)[0]: number(name, bias) for token, bias in value.items()}


def _strings(name: str, value: Any) -> tuple[str, ...]:
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(i, str) and i for i in items):
        raise OptionError(f"{name} must be a string or a list of strings, none of them empty.")
    return tuple(items)


def _functions(name: str, value: Any) -> tuple[LogitsProcessor, ...]:
    items = tuple(value) if isinstance(value, Sequence) else (value,)
    if not all(callable(item) for item in items):
        raise OptionError(f"{name} must be a list of functions (ids, logits) -> logits.")
    return items


_COUNT = _integer(0, "a whole number, 0 or more")
_PROBABILITY = _number(0, 1, "a number from 0 to 1")
_PENALTY = _number(-2, 2, "a number from -2 to 2")
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "max_new_tokens": _integer(1, "a whole number, 1 or more"),
    "min_new_tokens": _COUNT,
    "max_time": _number(TINY, math.inf, "a number of seconds, more than 0"),
    "eos_token_id": _token_ids,
    "stop": _strings,
    "do_sample": _boolean,
    "temperature": _number(0, math.inf, "a number, 0 or more"),
    "top_k": _COUNT,
    "top_p": _PROBABILITY,
    "min_p": _PROBABILITY,
    "typical_p": _number(TINY, 1, "a number above 0, at most 1"),
    "epsilon_cutoff": _PROBABILITY,
    "eta_cutoff": _PROBABILITY,
    "seed": _COUNT,
    "repetition_penalty": _number(TINY, math.inf, "a number, more than 0"),
    "presence_penalty": _PENALTY,
    "frequency_penalty": _PENALTY,
    "no_repeat_ngram_size": _COUNT,
    "bad_words_ids": _words,
    "suppress_tokens": _token_ids,
    "begin_suppress_tokens": _token_ids,
    "forced_bos_token_id": _token_ids,
    "forced_eos_token_id": _token_ids,
    "logit_bias": _bias,
    "logits_processors": _functions,
    "prompt_lookup_num_tokens": _COUNT,
}
