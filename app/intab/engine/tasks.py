"""Tasks that belong to the interpreter and not to the program that happened to begin them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_KEPT = "intab: "


def keep(work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """Start a task that outlives the program that began it, such as the load of a model."""
    return asyncio.create_task(work, name=_KEPT + name)


def is_kept(task: asyncio.Task[Any]) -> bool:
    """Whether `keep` started it."""
    return task.get_name().startswith(_KEPT)
