"""The ways to run a model, the fastest first; the first that works is taken.

A candidate is a device and a dtype. It is passed over before anything is fetched if the runtime
objects to it, and after that if the network does not open or fails the manifest's self-test. Why
each was passed over is remembered and shown:

    webgpu q4f16 -> webgpu q4 -> wasm q8

with threads or without, as the runtime sees to. A dtype that loses more than 5 % of perplexity, as
the folder tells, is chosen only if no better one fits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from intab.engine.hub.manifest import PREFERENCE, SelfTest
from intab.engine.hub.variants import Variants
from intab.engine.runtime.decoder import Decoder
from intab.engine.types import Logits
from intab.errors import DeviceError, RunError

T = TypeVar("T")
# What a GPU runs faster than the processor; anything else is slower there, if it runs at all.
GPU_DTYPES = ("q4f16", "q4")
CHECKED = 4  # ids of the self-test: enough to see that a device computes something else
MOST_LOSS = 0.05  # of perplexity: more is seen in the text
NEAR = 0.1  # of the way from the best logit to the mean one


@dataclass(frozen=True)
class Candidate:
    """One way to run a model, and why it was chosen."""

    device: str
    dtype: str
    reason: str

    def __str__(self) -> str:
        return f"{self.dtype} on {self.device}"


@dataclass
class Choice(Generic[T]):
    """What works, and why each candidate before it was passed over."""

    reached: T
    candidate: Candidate
    left: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """Why this candidate, in words for a status line."""
        return "; ".join([self.candidate.reason, *self.left])


class Judge(Protocol):
    """The part of a runtime that knows its devices."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices it can run on, the default one first."""

    async def objection(self, candidate: Candidate) -> str:
        """Why it should not be tried, "" if nothing is known against it."""


Fits = Callable[[str, str], bool]  # whether a dtype fits on a device


def list_candidates(
    variants: Variants,
    devices: Sequence[str],
    device: str | None,
    dtype: str | None,
    fits: Fits = lambda dtype, device: True,
) -> list[Candidate]:
    """The candidates for what was asked for, None for what was not; never an empty list."""
    chosen = device or devices[0]
    if dtype is not None:
        return [Candidate(chosen, *variants.choose_dtype(chosen, dtype))]
    good = [d for d in variants.parts if variants.loss(d) <= MOST_LOSS and fits(d, chosen)]
    best = Candidate(chosen, *variants.choose_dtype(chosen, good=good))
    on_gpu = [d for d in GPU_DTYPES if d in variants.dtypes and "webgpu" in devices]
    on_gpu = [d for d in on_gpu if variants.is_for(d, "webgpu")]
    coarse = [d for d in on_gpu if best.dtype in good and variants.loss(d) > MOST_LOSS]
    gpu = [
        Candidate("webgpu", kind, _why(variants, "webgpu", kind))
        for kind in on_gpu
        if kind not in coarse
    ]
    if device == "webgpu":
        return gpu or [_told(variants, best, coarse)]
    return [*(gpu if device is None else []), _told(variants, best, coarse)]


def _told(variants: Variants, best: Candidate, coarse: Sequence[str]) -> Candidate:
    """With a word on each better liked dtype that loses too much."""
    order = PREFERENCE[best.device]
    liked = [d for d in order[: order.index(best.dtype)] if d in variants.parts]
    left = [d for d in dict.fromkeys([*liked, *coarse]) if variants.loss(d) > MOST_LOSS]
    words = [f"not {d}: it loses {variants.loss(d):.0%} of perplexity" for d in left]
    return replace(best, reason="; ".join([best.reason, *words]))


def _why(variants: Variants, device: str, dtype: str) -> str:
    if len(variants.dtypes) == 1:
        return "the model's only dtype"
    best = next(d for d in PREFERENCE[device] if d in variants.dtypes)
    have = ", ".join(variants.dtypes)
    return f"best on {device} of {have}" if dtype == best else f"next best on {device} of {have}"


async def first_that_works(
    candidates: Sequence[Candidate],
    judge: Judge,
    attempt: Callable[[Candidate], Awaitable[T]],
) -> Choice[T]:
    """Try each in turn; if none works, DeviceError says why each was passed over."""
    left: list[str] = []
    for candidate in candidates[:-1]:
        objection = await judge.objection(candidate)
        if not objection:
            try:
                return Choice(await attempt(candidate), candidate, left)
            except DeviceError as exc:
                objection = str(exc)
        left.append(f"not {candidate}: {objection}")
    try:
        return Choice(await attempt(candidates[-1]), candidates[-1], left)
    except DeviceError as exc:
        raise DeviceError("; ".join([str(exc), *left])) from exc


async def check(network: Decoder, test: SelfTest | None, dtype: str) -> None:
    """Run the manifest's fixed prompt; DeviceError if the answer is not the recorded one."""
    wanted = test.greedy_ids.get(dtype, ())[:CHECKED] if test else ()
    if not test or not wanted:
        return
    session = network.session()
    try:
        new = list(test.prompt_ids)
        for token in wanted:
            logits = (await session.step([new]))[0, -1]
            judge(logits, token, network.device)
            new = [token]
    except RunError as exc:
        raise DeviceError(f"the model does not run on {network.device} ({exc})") from exc
    finally:
        session.close()


def judge(logits: Logits, token: int, device: str) -> None:
    """DeviceError unless the numbers are finite and `token` is the best, or next to it: a dtype
    decides between equals in its own way, a device that fails is far off."""
    if not np.isfinite(logits).all():
        raise DeviceError(f"{device} gives numbers that are not finite.")
    best = logits.max()
    if not 0 <= token < logits.size or best - logits[token] >= NEAR * (best - logits.mean()):
        raise DeviceError(
            f"{device} gives the token {int(logits.argmax())} where {token} is right: "
            "it computes something else."
        )
