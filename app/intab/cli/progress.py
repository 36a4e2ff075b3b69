"""How far a load, an export or an import is: one line of the terminal, gone when it has ended.

Nothing is written where standard error is no terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import get_terminal_size

from intab.engine.io.protocols import OnProgress, silent


@contextmanager
def show_progress() -> Iterator[OnProgress]:
    """A function that shows each `Progress` it is given in the place of the last one."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield silent
        return
    try:
        yield lambda progress: _write(str(progress))
    finally:
        _write("")


def _write(line: str) -> None:
    width = max(get_terminal_size().columns - 1, 10)
    print(f"\r{line[:width]:<{width}}\r", end="", file=sys.stderr, flush=True)
