"""How far a load, an export or an import is: one line of the terminal, gone when it has ended.

Nothing is written where standard error is no terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import get_terminal_size

from intab.engine.io.protocols import OnProgress, Progress, silent

MB = 1e6


@contextmanager
def show_progress() -> Iterator[OnProgress]:
    """A function that shows each `Progress` it is given in the place of the last one."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield silent
        return
    try:
        yield lambda progress: _write(describe(progress))
    finally:
        _write("")


def describe(progress: Progress) -> str:
    """Such as "download: 34 of 140 MB, 12.3 MB/s, 9 s left"."""
    said = [progress.stage]
    if progress.total > 0:
        said = [f"{progress.stage}: {progress.loaded / MB:.0f} of {progress.total / MB:.0f} MB"]
    if progress.rate:
        said.append(f"{progress.rate / MB:.1f} MB/s")
    if progress.seconds_left is not None:
        said.append(f"{progress.seconds_left:.0f} s left")
    return ", ".join(said)


def _write(line: str) -> None:
    width = max(get_terminal_size().columns - 1, 10)
    print(f"\r{line[:width]:<{width}}\r", end="", file=sys.stderr, flush=True)
