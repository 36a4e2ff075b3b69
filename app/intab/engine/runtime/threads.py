"""How many threads WebAssembly gets: no more than make a short run on this device faster.

The number is fixed when onnxruntime-web starts, so what is measured in one visit is for the next;
until then it is the processor's, at most four. A runtime measures each of `candidates`, remembers
the seconds, and tries the `starts` in turn.

    >>> [start.threads for start in starts(8, {1: 0.4, 2: 0.21, 4: 0.2, 8: 0.3})]
    [2, 1]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from intab.engine.io.untrusted import load_json, number, whole

MOST = 8  # a token's row has no work for more
UNMEASURED = 4
TINY = 1e-9
ENOUGH = 1.05  # times the fastest's seconds: a difference not worth another busy core


@dataclass(frozen=True)
class Start:
    """A number of threads to start with, and what a measurement says for it."""

    threads: int
    reason: str = ""


@dataclass(frozen=True)
class Measured:
    """The seconds of a short answer by the number of threads; whether they are `fresh`, or better
    measured again."""

    seconds: Mapping[int, float] = field(default_factory=dict)
    fresh: bool = False


def parse_measured(json: str) -> Measured:
    """What browser/js/ort/threads.mjs measured here; nothing, if that cannot be read.

    >>> parse_measured('{"seconds": {"1": 0.4}, "fresh": true}')
    Measured(seconds={1: 0.4}, fresh=True)
    """
    try:
        found = load_json(json)
        seconds = {
            whole(int(threads), 1, 1024): number(its, TINY, 1e6)
            for threads, its in found["seconds"].items()
        }
        return Measured(seconds, found["fresh"] is True)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Measured()


def candidates(cores: int) -> list[int]:
    """The numbers of threads that are worth measuring; none if there is nothing to choose."""
    most = min(cores, MOST)
    return [*(n for n in (1, 2, 4) if n < most), most] if most > 1 else []


def starts(cores: int, seconds: Mapping[int, float]) -> list[Start]:
    """What to try in turn: `seconds` has what was measured, by the number of threads."""
    if cores == 1:
        return [Start(1)]
    if 1 not in seconds:  # nothing was measured, or one thread took too long for it
        return [Start(min(cores, UNMEASURED)), Start(1)]
    threads = best(seconds)
    measured = Start(threads, _why(threads, seconds))
    return [measured] if threads == 1 else [measured, Start(1)]


def best(seconds: Mapping[int, float]) -> int:
    """The fewest threads that are about as fast as any."""
    fastest = min(seconds.values())
    return min(threads for threads, its in seconds.items() if its <= ENOUGH * fastest)


def _why(threads: int, seconds: Mapping[int, float]) -> str:
    if threads == 1:
        others = "are no faster" if len(seconds) > 1 else "did not start"
        return f"more threads than 1 {others} here"
    return f"{threads} threads are {seconds[1] / seconds[threads]:.1f} times as fast as 1 here"
