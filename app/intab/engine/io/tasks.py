"""Tasks: several at once so that nothing goes on unseen, and those that outlive a program."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
_LASTING = "intab: "


async def all_or_first_error(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Like gather, but the first failure ends the rest."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(item, name=_inherited_name()) for item in work]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def start_lasting(work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """Start a task that outlives the program that began it, such as the load of a model."""
    return asyncio.create_task(work, name=_LASTING + name)


def start(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task that outlives a program if the one that starts it does: part of a load."""
    return asyncio.create_task(work, name=_inherited_name())


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Do work that cannot be stopped, such as a write to a store: a cancelled caller ends once
    that is done, and keeps its locks until then. A second cancel does not wait."""
    task = start_lasting(work, "unbroken")
    # If nobody waits any more it may still fail; asyncio must not complain of that.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _inherited_name() -> str | None:
    current = asyncio.current_task()
    return current.get_name() if current and is_lasting(current) else None


def is_lasting(task: asyncio.Task[Any]) -> bool:
    """Whether `start_lasting` started it, or such a task as part of its work."""
    return task.get_name().startswith(_LASTING)


async def beside(wanted: Coroutine[Any, Any, T], other: Coroutine[Any, Any, None]) -> T:
    """What the first gives, while the other is done; the first failure ends both."""
    found: list[T] = []

    async def find() -> None:
        found.append(await wanted)

    await all_or_first_error([find(), other])
    return found[0]
