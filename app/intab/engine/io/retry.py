"""Trying again: how often, how long to wait in between, and when silence is a failure.

Time and chance come from a `Clock`, so that tests need neither. It knows nothing of HTTP except the
headers by which a server asks to wait.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from intab.engine.io.tasks import start
from intab.engine.io.untrusted import decimal
from intab.errors import DownloadError, TemporaryError

T = TypeVar("T")
OnBytes = Callable[[int], None]
"""Called with the number of bytes that have just arrived."""


@dataclass(frozen=True)
class Clock:
    """Time and chance: seconds that only grow, the date, a nap, a number from 0 to 1."""

    now: Callable[[], float] = time.monotonic
    date: Callable[[], float] = time.time
    sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True)
class RetryPolicy:
    """How long to go on: seconds, and attempts for one request."""

    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_asked: float = 120.0  # what a server may ask for by Retry-After
    stall: float = 30.0

    def wait(self, attempt: int, coin: float) -> float:
        """The pause after the attempt of that number, from 0: doubling, half of it by chance."""
        longest = min(self.first_wait * float(2**attempt), self.longest_wait)
        return longest * (0.5 + coin / 2)


async def retry(work: Callable[[], Awaitable[T]], retry_policy: RetryPolicy, clock: Clock) -> T:
    """Do `work` until it succeeds; DownloadError once patience is at its end."""
    for attempt in range(retry_policy.attempts):
        try:
            return await work()
        except TemporaryError as exc:
            failure = exc
        asked = failure.retry_after or 0.0
        if asked > retry_policy.longest_asked:
            raise DownloadError(f"{failure} The server asks to wait {asked:,.0f} s.") from failure
        if attempt + 1 < retry_policy.attempts:
            await clock.sleep(max(asked, retry_policy.wait(attempt, clock.random())))
    raise DownloadError(f"{failure} It was tried {retry_policy.attempts} times.") from failure


async def watched(
    work: Callable[[OnBytes], Coroutine[Any, Any, T]],
    what: str,
    retry_policy: RetryPolicy,
    clock: Clock,
) -> T:
    """Do `work`, which tells of bytes as they arrive; TemporaryError if it falls silent."""
    beats = 0

    def beat(_: int) -> None:
        nonlocal beats
        beats += 1

    task = start(work(beat))
    # Cancelled below, it may still fail; asyncio must not complain of that.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        while not task.done():
            before = beats
            await _either(task, retry_policy.stall, clock)
            if not task.done() and beats == before:
                raise TemporaryError(
                    f"{what}: nothing arrived for {retry_policy.stall:.0f} s; check the network, "
                    "then load again."
                )
        return task.result()
    finally:
        task.cancel()


async def _either(task: asyncio.Future[T], seconds: float, clock: Clock) -> None:
    """Wait for the task, but no longer than that."""
    timer = start(clock.sleep(seconds))
    both: set[asyncio.Future[Any]] = {task, timer}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()


def retry_after(header: str | None, now: float) -> float | None:
    """The seconds a Retry-After header asks for, by a number or a date; None if it is neither.

    >>> retry_after("Thu, 01 Jan 1970 00:00:30 GMT", 10.0)
    20.0
    """
    if header is None:
        return None
    if (seconds := decimal(header.strip())) is not None:
        return float(seconds)
    try:
        return max(parsedate_to_datetime(header).timestamp() - now, 0.0)
    except (ValueError, OverflowError, OSError):  # of years that no clock has, too
        return None


_LIMITS = re.compile(r";\s*r\s*=\s*([0-9]{1,9})\s*;\s*t\s*=\s*([0-9]{1,9})")


def rate_limit(header: str) -> float | None:
    """The seconds until a RateLimit header's quota is there again; None if it is not used up.

    https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.html

    >>> rate_limit('"api";r=0;t=3, "pages";r=7;t=60')
    3.0
    """
    waits = [float(seconds) for left, seconds in _LIMITS.findall(header) if int(left) == 0]
    return max(waits, default=None)
