"""Waiting for asynchronous results without `await`, over a platform's way to run a coroutine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Any]


def wait(waiting: Awaitable[Any] | AsyncGenerator[Any], run: Run) -> Any:
    """The result of an awaitable; of a stream, an iterator over its chunks."""
    if isinstance(waiting, AsyncGenerator):
        return _each(waiting, run)
    try:
        return run(_awaited(waiting))
    finally:
        if isinstance(waiting, Coroutine):
            waiting.close()  # if it could not be run at all


def _each(chunks: AsyncGenerator[T], run: Run) -> Iterator[T]:
    """Chunk by chunk; ending the loop early ends the stream."""
    end = object()
    try:
        while (chunk := run(_awaited(anext(chunks, end)))) is not end:
            yield chunk
    finally:
        run(_awaited(chunks.aclose()))


async def _awaited(waiting: Awaitable[T]) -> T:
    return await waiting
