"""Results without await: of a coroutine, of a stream, and a stream that is left early."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import pytest

from intab.engine.io.waiting import wait


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """A platform's way, for coroutines that never really wait."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


async def count(ended: list[bool]) -> AsyncGenerator[int]:
    try:
        for number in range(3):
            yield number
    finally:
        ended.append(True)


async def test_an_awaitable() -> None:
    async def two() -> int:
        return 2

    done = asyncio.get_running_loop().create_future()
    done.set_result(3)
    assert wait(two(), run) == 2
    assert wait(done, run) == 3


def test_a_stream() -> None:
    ended: list[bool] = []
    assert list(wait(count(ended), run)) == [0, 1, 2]
    assert ended == [True]


def test_a_stream_left_early() -> None:
    ended: list[bool] = []
    numbers = wait(count(ended), run)
    assert next(numbers) == 0
    numbers.close()
    assert ended == [True]


def test_what_fails_fails() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wait(fail(), run)
