"""Running a user's program: top-level await, streamed prints, tracebacks of the user's own lines.

The program runs in the interpreter that holds the models, in a namespace of its own. It knows no
page: what is printed goes to a function, what goes wrong comes back as `Failure`.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import linecache
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from time import monotonic
from types import FrameType

from intab.errors import IntabError

FILENAME = "program.py"
OnText = Callable[[str], None]


@dataclass(frozen=True)
class Failure:
    """What went wrong: the exception's type, one sentence, and the traceback to show."""

    error_type: str
    message: str
    traceback: str


async def run_program(source: str, on_stdout: OnText, on_stderr: OnText) -> Failure | None:
    """Run a program to its end; None if it ended well, or by `exit()`.

    asyncio.CancelledError and KeyboardInterrupt go through: somebody stopped it.
    """
    _remember_lines(source)
    out, err = PrintStream(on_stdout), PrintStream(on_stderr)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            await _execute(source)
    except SystemExit:
        return None
    except Exception as exc:  # noqa: BLE001 - whatever the program raises is its answer
        return describe(exc)
    finally:
        out.close()
        err.close()
    return None


def interrupt_program(_: int, frame: FrameType | None) -> None:
    """A handler for SIGINT that raises KeyboardInterrupt in the user's program and nowhere else.

    Where no line of the program is on the stack it waits for something, and cancelling its task
    ends it; an interrupt would only break the event loop's own code.
    """
    while frame:
        if frame.f_code.co_filename == FILENAME:
            raise KeyboardInterrupt
        frame = frame.f_back


async def _execute(source: str) -> None:
    code = compile(source, FILENAME, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, {"__name__": "__main__", "__file__": FILENAME})  # noqa: S307 - the user's own program
    if inspect.isawaitable(result):
        await result


def describe(exc: BaseException) -> Failure:
    """An exception as the user should see it, from the first line of the program on."""
    trace = exc.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != FILENAME:
        trace = trace.tb_next
    shown = traceback.TracebackException(type(exc), exc, trace, compact=True)
    if isinstance(exc, IntabError):
        # The sentence says what to do; our own frames would only hide the user's line.
        shown.stack = traceback.StackSummary.from_list(
            [frame for frame in shown.stack if frame.filename == FILENAME]
        )
        shown.__cause__ = shown.__context__ = None
    sentence = str(exc) or type(exc).__name__
    return Failure(type(exc).__name__, sentence, "".join(shown.format()))


def _remember_lines(source: str) -> None:
    """Let tracebacks quote the program, which is in no file."""
    lines = source.splitlines(keepends=True)
    linecache.cache[FILENAME] = (len(source), None, lines, FILENAME)


class PrintStream(io.TextIOBase):
    """A text stream that passes on what is printed, in pieces: at once when the last piece is
    `interval` seconds old, else together with what follows it shortly."""

    interval = 0.03
    most = 8192

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._waiting: list[str] = []
        self._size = 0
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Take `text`; it is passed on soon."""
        self._waiting.append(text)
        self._size += len(text)
        if monotonic() - self._last >= self.interval or self._size >= self.most:
            self._pass_on()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.interval, self._pass_on)
        return len(text)

    def flush(self) -> None:
        """Nothing: pieces are passed on by time. The end of the program passes on the rest."""

    def close(self) -> None:
        """Pass on what is left."""
        self._pass_on()

    def _pass_on(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        text = "".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._last = monotonic()
        if text:
            self._on_text(text)

    def isatty(self) -> bool:
        """No: libraries that draw progress bars should not."""
        return False
