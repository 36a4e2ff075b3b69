"""Rules that several options keep together: what is unknown, without effect, or contradicts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from intab.engine.constrain.constraint import OPTIONS as CONSTRAINTS
from intab.engine.types import LiveNumber
from intab.errors import OptionError

if TYPE_CHECKING:
    from intab.engine.generation.options import GenerationOptions

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


def refuse_unknown(passed: Mapping[str, Any], names: Sequence[str]) -> None:
    """OptionError for a name that is none of these."""
    for name in passed:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the options are {', '.join(names)}."
            raise OptionError(f"Unknown option {name!r}: {hint}")


def is_zero(temperature: float | None) -> bool:
    """Whether it is 0 for good."""
    return temperature == 0 and not isinstance(temperature, LiveNumber)


def decide_sampling(passed: Mapping[str, Any], merged: Mapping[str, Any]) -> bool:
    """Whether to sample; OptionError for what only sampling uses and greedy decoding."""
    asked = [name for name in _SAMPLING if name in passed]
    greedy = "do_sample=False" if passed.get("do_sample") is False else ""
    greedy = greedy or ("temperature=0" if is_zero(merged.get("temperature")) else "")
    # A seed is honoured by greedy decoding as well: the same seed gives the same text.
    lost = [name for name in asked if name != "seed" and merged[name] != 0]
    if greedy and lost:
        raise OptionError(f"{lost[0]} has no effect with {greedy}: leave one of the two out.")
    return not greedy and bool(merged.get("do_sample", False) or asked)


def settle_lengths(passed: Mapping[str, Any], merged: dict[str, Any], usual: int) -> None:
    """Leave max_length and min_length out if max_new_tokens and min_new_tokens are there too,
    as in transformers."""
    for total, new in (("max_length", "max_new_tokens"), ("min_length", "min_new_tokens")):
        if new in merged and total in merged:
            if total in passed:
                warnings.warn(
                    f"Both {new} (={merged[new]}) and {total} (={merged[total]}) are set: "
                    f"{new} takes precedence.",
                    stacklevel=5,
                )
            del merged[total]
    # What a model's files ask for gives way to what the caller asks for.
    if "min_new_tokens" not in passed and "min_new_tokens" in merged and "max_length" not in merged:
        most = merged.get("max_new_tokens", usual)
        merged["min_new_tokens"] = min(merged["min_new_tokens"], most)


def refuse_without_effect(passed: Mapping[str, Any], options: GenerationOptions) -> None:
    """OptionError for an option that needs another one."""
    needed = (
        ("length_penalty", options.num_beams > 1, "num_beams above 1"),
        ("early_stopping", options.num_beams > 1, "num_beams above 1"),
        ("truncation_side", options.truncation, "truncation=True"),
        ("top_logprobs", options.logprobs or not options.top_logprobs, "logprobs=True"),
    )
    for name, met, need in needed:
        if name in passed and not met:
            raise OptionError(f"{name} has no effect without {need}: pass both or neither.")


def refuse_contradictions(passed: Mapping[str, Any], options: GenerationOptions) -> None:
    """OptionError for options of which only one can be honoured."""
    _refuse_two_forms(passed, options)
    if options.min_new_tokens > options.max_new_tokens and options.max_length is None:
        raise OptionError(
            f"min_new_tokens ({options.min_new_tokens}) is more than "
            f"max_new_tokens ({options.max_new_tokens}): change one of the two."
        )
    answers, beams = options.num_return_sequences, options.num_beams
    if answers > beams and (beams > 1 or options.greedy):
        raise OptionError(
            f"num_return_sequences is {answers}, but "
            + (f"num_beams is {beams}" if beams > 1 else "greedy decoding has one answer")
            + ": sample (do_sample=True) or pass as many num_beams."
        )


def _refuse_two_forms(passed: Mapping[str, Any], options: GenerationOptions) -> None:
    asked = [name for name in CONSTRAINTS if getattr(options, name)]
    forced = ("forced_bos_token_id", "forced_eos_token_id")
    other = [*asked[1:], *(name for name in forced if name in passed and asked)]
    if other:
        raise OptionError(
            f"{asked[0]} and {other[0]} both say what the answer is to be: pass one of the two."
        )
