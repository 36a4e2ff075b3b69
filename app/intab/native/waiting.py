"""Running a coroutine to its end in CPython, in one event loop for all calls.

What is loaded (locks, connections) belongs to the loop it was loaded in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import cache
from typing import Any

from intab.errors import ProgramError


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Its result; ProgramError inside a running event loop, which it would block."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _runner().run(coroutine)
    coroutine.close()
    raise ProgramError("run_sync cannot wait inside a running event loop: use await instead.")


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()
