"""From a row of logits to a token: processors, then the sampler, each answer checked.

>>> choose([1, 2], logits, [no_commas], argmax)
7
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from intab.engine.generation.option_checks import CHECKS
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.sampling import argmax, make_sampler, make_warpers
from intab.engine.runtime.largest import MOST
from intab.engine.types import LiveNumber, Logits, LogitsProcessor, Sampler, Warper
from intab.errors import OptionError, RunError


def choose(
    ids: list[int],
    logits: Logits,
    processors: Sequence[LogitsProcessor],
    pick: Sampler,
    *,
    keep: bool = False,
) -> int:
    """The id that follows `ids`; RunError if the row leaves no choice. `keep` as for `process`."""
    return pick(process(ids, logits, processors, keep=keep))


def process(
    ids: list[int], logits: Logits, processors: Sequence[LogitsProcessor], *, keep: bool = False
) -> Logits:
    """The row [vocab] after all processors, float32, with one finite number at least.

    Processors may change the row that they get; with `keep` that is a copy.
    """
    if keep and processors:
        logits = logits.copy()
    for processor in processors:
        logits = _checked(processor(ids, logits), logits.size, processor)
    best = logits.max()
    if np.isnan(best) or np.isposinf(best):
        raise RunError(
            "The model gave logits that are not finite: try another dtype or device, "
            "or check your logits processor."
        )
    if np.isneginf(best):
        raise RunError("No token is allowed any more: the logits processors forbid every one.")
    return logits


# Options of sampling that a slider may change from token to token.
_LIVE = ("temperature", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff")
# Temperatures beyond these may make equal what is not so near: more than largest.mjs finds.
TEMPERATURES = (1e-3, 1e3)


def needed_logits(options: GenerationOptions, processors: Sequence[LogitsProcessor]) -> int:
    """How many of the largest logits of a row the next token is chosen from, 0 for all.

    A processor may raise any of them, or look at all; after top_k no filter sees another.
    """
    if processors or options.logprobs:
        return 0
    if live_options(options):
        return 0
    if options.greedy:
        return 1
    coldest, hottest = TEMPERATURES
    near = coldest <= options.temperature <= hottest
    return options.top_k if near and options.top_k <= MOST else 0


def make_picker(options: GenerationOptions, number: int = 0) -> Sampler:
    """The sampler that the options describe; each `number` has random numbers of its own."""
    if options.greedy:
        return argmax
    rng = make_rng(options, number)
    live = live_options(options)
    return _live_sampler(options, live, rng) if live else make_sampler(warpers(options), rng=rng)


def live_options(options: GenerationOptions) -> dict[str, LiveNumber]:
    """The options that may change from token to token."""
    values = {name: getattr(options, name) for name in _LIVE}
    return {name: value for name, value in values.items() if isinstance(value, LiveNumber)}


def _live_sampler(
    options: GenerationOptions, live: dict[str, LiveNumber], rng: np.random.Generator
) -> Sampler:
    """A sampler that looks at the live options before each token."""
    made: dict[tuple[float, ...], Sampler] = {}

    def sample(logits: Logits) -> int:
        now = {name: CHECKS[name](name, value.now()) for name, value in live.items()}
        key = tuple(now.values())
        if key not in made:
            made.clear()
            settled = replace(options, **now)
            made[key] = argmax if settled.greedy else make_sampler(warpers(settled), rng=rng)
        return made[key](logits)

    return sample


def make_rng(options: GenerationOptions, number: int = 0) -> np.random.Generator:
    """The random numbers of a seed; with number 0, those that the seed alone gives."""
    if options.seed is None or number == 0:
        return np.random.default_rng(options.seed)
    return np.random.default_rng([options.seed, number])


def warpers(options: GenerationOptions, least: int = 1) -> list[Warper]:
    """The warpers that the options ask for; each keeps `least` tokens."""
    return make_warpers(
        options.temperature,
        options.top_k,
        options.top_p,
        options.min_p,
        options.typical_p,
        options.epsilon_cutoff,
        options.eta_cutoff,
        least=least,
    )


def _checked(logits: object, vocab: int, processor: LogitsProcessor) -> Logits:
    row = np.asarray(logits)
    if row.shape == (vocab,) and row.dtype.kind in "fiu":
        return row.astype(np.float32, copy=False)
    got = "nothing" if logits is None else f"{row.dtype} {row.shape}"
    name = getattr(processor, "__name__", repr(processor))
    raise OptionError(
        f"The logits processor {name} returned {got}: "
        f"return the row of {vocab:,} numbers it is given."
    )
