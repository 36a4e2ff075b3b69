"""Trying again: the waits, what a server may ask for, silence, and being cancelled."""

from __future__ import annotations

import asyncio

import pytest

from intab.engine.io.retry import OnBytes, RetryPolicy, rate_limit, retry, retry_after, watched
from intab.errors import DownloadError, TemporaryError
from tests.engine.support.fakes import FakeTime


class Flaky:
    """Fails as often as it has failures, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    async def __call__(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "done"


async def test_waits_double_and_chance_halves_them_at_most() -> None:
    time = FakeTime()
    work = Flaky(*(TemporaryError("x") for _ in range(4)))
    assert await retry(work, RetryPolicy(), time.clock()) == "done"
    assert time.slept == [0.5, 1, 2, 4]
    assert [RetryPolicy().wait(n, 0.0) for n in range(8)] == [0.25, 0.5, 1, 2, 4, 8, 15, 15]


async def test_patience_ends() -> None:
    work = Flaky(*(TemporaryError("No answer.") for _ in range(9)))
    with pytest.raises(DownloadError, match=r"No answer\. It was tried 3 times\.") as caught:
        await retry(work, RetryPolicy(3), FakeTime().clock())
    assert not isinstance(caught.value, TemporaryError)


async def test_what_will_not_pass_is_not_tried_again() -> None:
    time = FakeTime()
    with pytest.raises(DownloadError, match="gone"):
        await retry(Flaky(DownloadError("gone")), RetryPolicy(), time.clock())
    assert time.slept == []


async def test_a_server_s_wish_is_granted() -> None:
    time = FakeTime()
    await retry(Flaky(TemporaryError("x", 7.0)), RetryPolicy(), time.clock())
    assert time.slept == [7.0]


async def test_a_server_that_asks_for_too_long() -> None:
    work = Flaky(TemporaryError("Busy.", 4000.0))
    with pytest.raises(DownloadError, match=r"Busy\. The server asks to wait 4,000 s\."):
        await retry(work, RetryPolicy(), FakeTime().clock())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 50.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, 50.0) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ('"api";r=0;t=3', 3.0),
        ('"resolvers";r=0;t=120;pk=:x:', 120.0),
        ('"api";r=5;t=3', None),
        ('"api";r=0;t=3, "pages" ; r=0 ; t=7, "x";r=1;t=60', 7.0),
        ('"api";r=0', None),
        ('"api";r=0;t=-3', None),
        ('"api";r=0;t=' + "9" * 5000, 999999999.0),
        ("limit=1, remaining=0, reset=5", None),
        ("", None),
    ],
)
def test_rate_limit(header: str, seconds: float | None) -> None:
    assert rate_limit(header) == seconds


async def test_silence_is_a_failure_that_may_pass() -> None:
    async def silent(_: OnBytes) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TemporaryError, match="The file: nothing arrived for 20 s"):
        await watched(silent, "The file", RetryPolicy(stall=20), FakeTime().clock())


async def test_slowness_is_not() -> None:
    time = FakeTime()

    async def slow(on_bytes: OnBytes) -> str:
        for _ in range(200):
            await asyncio.sleep(0)
            on_bytes(1)
        return "done"

    assert await watched(slow, "x", RetryPolicy(stall=2), time.clock()) == "done"
    assert time.time > 10


async def test_cancelling_ends_the_work_and_its_watch() -> None:
    ended = asyncio.Event()

    async def work(_: OnBytes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.ensure_future(watched(work, "x", RetryPolicy(), FakeTime().clock()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ended.wait()
