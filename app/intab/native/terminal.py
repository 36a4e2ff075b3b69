"""How every command ends: any text can be shown, a closed pipe and Ctrl-C are no tracebacks.

sys.exit(run(main))
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable

# As a shell has it: 128 and the signal's number. Windows has no SIGPIPE.
BROKEN_PIPE, INTERRUPTED = 141, 130


def run(command: Callable[[], int]) -> int:
    """Run a command and give its exit status, also where its reader left or Ctrl-C was pressed."""
    show_any_text()
    try:
        try:
            return command()
        finally:  # also where argparse ends it: what fails to be written fails here, not at exit
            if sys.stdout:
                sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as exc:
        if not _reader_left(exc):
            raise
        _say_no_more()
        return BROKEN_PIPE


def show_any_text() -> None:
    """What the terminal's encoding lacks is shown as `?`: cp1252 has no emoji, ASCII no é."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def _reader_left(exc: OSError) -> bool:
    """Whether nobody reads our output any more, e.g. after `| head`."""
    return isinstance(exc, BrokenPipeError) or (os.name == "nt" and exc.errno == errno.EINVAL)


def _say_no_more() -> None:
    """Let what is still to be written vanish, or Python complains about it at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
