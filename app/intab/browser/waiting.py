"""Running a coroutine to its end in the middle of a call, where the browser has JSPI."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from pyodide.ffi import can_run_sync, run_sync

from intab.errors import ProgramError


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Its result; ProgramError where Python cannot be suspended here."""
    if not can_run_sync():
        coroutine.close()
        raise ProgramError(
            "run_sync needs a browser with JSPI (Chrome 137 or newer), and Python that was started "
            "asynchronously: use await instead."
        )
    return run_sync(coroutine)
