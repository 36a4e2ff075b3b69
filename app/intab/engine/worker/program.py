"""Running a user's program: top-level await, streamed prints, tracebacks of the user's own lines.

The program runs in the interpreter that holds the models, in a namespace of its own. It knows no
page: printed text goes to a function, an error comes back as `Failure`.
"""

from __future__ import annotations

import asyncio
import io
import linecache
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from time import monotonic
from types import FrameType, MappingProxyType, ModuleType
from typing import Any

from intab.engine.display import screen
from intab.engine.display.screen import Screen
from intab.engine.io.tasks import is_lasting
from intab.engine.worker import hints
from intab.engine.worker.code import compile_program, run_code
from intab.engine.worker.interpreter_state import InterpreterState
from intab.errors import IntabError, ProgramError

FILENAME = "program.py"
OnText = Callable[[str], None]


@dataclass(frozen=True)
class Failure:
    """What went wrong: the exception's type, one sentence, and the traceback to show."""

    error_type: str
    message: str
    traceback: str


async def run_program(
    source: str,
    on_stdout: OnText,
    on_stderr: OnText,
    on: Screen | None = None,
    *,
    names: Mapping[str, object] = MappingProxyType({}),
) -> Failure | None:
    """Run a program to its end; None if it ended well, or by `exit()`.

    It finds `names` beside the builtins. The value of an expression at its end is shown `on` its
    screen.

    What it left running in the background is cancelled, as asyncio.run does, and what it did to
    builtins and other modules is undone for the next one. If somebody stopped it,
    asyncio.CancelledError or KeyboardInterrupt comes out.
    """
    _remember_lines(source)
    out, err = PrintStream(on_stdout), PrintStream(on_stderr)
    before, surroundings = asyncio.all_tasks(), InterpreterState()
    try:
        with redirect_stdout(out), redirect_stderr(err), screen.use(on or _NO_PAGE):
            try:
                return await _execute(source, surroundings, names)
            finally:
                await _end_tasks(asyncio.all_tasks() - before)
                surroundings.restore()  # what those tasks did at their end
    finally:
        out.close()
        err.close()


async def _execute(
    source: str, surroundings: InterpreterState, given: Mapping[str, object]
) -> Failure | None:
    try:
        body, last = compile_program(source, FILENAME)
        names = _main_module({"__file__": FILENAME, "input": _ask, **given})
        warnings.filterwarnings("always", hints.UNUSED, RuntimeWarning)
        warnings.showwarning = _show_warning  # type: ignore[assignment]  # the rest as it comes
        try:
            await run_code(body, names)
            if last and (value := await run_code(last, names)) is not None:
                _show_last(value)
        finally:
            surroundings.restore()
    except SystemExit:
        return None
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise
    except BaseExceptionGroup as exc:
        if exc.subgroup((KeyboardInterrupt, asyncio.CancelledError)):
            raise KeyboardInterrupt from exc  # as a TaskGroup hands on what stopped it
        return describe(exc)
    except BaseException as exc:  # noqa: BLE001 - whatever the program raises is its answer
        return describe(exc)
    return None


def _main_module(given: Mapping[str, object]) -> dict[str, Any]:
    """The names of a new `__main__`: who asks a class of the program for its module, as dataclasses
    and typing.get_type_hints do, finds them there."""
    module = sys.modules["__main__"] = ModuleType("__main__")
    vars(module).update(given)
    return vars(module)


async def _end_tasks(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel the rest of the program; loads go on, since another program may want them."""
    left = [task for task in tasks if not is_lasting(task)]
    for task in left:
        task.cancel()
    for ended in await asyncio.gather(*left, return_exceptions=True):
        if isinstance(ended, BaseException) and not isinstance(ended, asyncio.CancelledError):
            print(describe(ended).traceback, file=sys.stderr)


def _show_last(value: object) -> None:
    if asyncio.iscoroutine(value):
        print(hints.unused_call(getattr(value, "__name__", "This call")), file=sys.stderr)
        value.close()
    else:
        screen.show(value)


def _ask(prompt: object = "") -> str:
    """In place of the builtin, which would wait for a terminal that is not there."""
    sys.stdout.flush()
    return screen.current().ask(str(prompt))


def _refuse(_: str) -> str:
    raise ProgramError("input() cannot ask here: write the answer into the program instead.")


_NO_PAGE = Screen(ask=_refuse)
_show_warning_plainly = warnings.showwarning


def _show_warning(message: Warning | str, category: type[Warning], *rest: Any) -> None:
    """In place of the warnings module's: a coroutine that was never awaited has a plain word."""
    if sentence := hints.unused(str(message)):
        print(sentence, file=sys.stderr)
    else:
        _show_warning_plainly(message, category, *rest)


def interrupt_program(_: int, frame: FrameType | None) -> None:
    """A handler for SIGINT that raises KeyboardInterrupt in the user's program and nowhere else.

    If no line of the program is on the stack it waits for something, and cancelling its task
    ends it; an interrupt would only break the event loop's own code.
    """
    while frame:
        if frame.f_code.co_filename == FILENAME:
            raise KeyboardInterrupt
        frame = frame.f_back


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
    sentence, lines = str(exc) or type(exc).__name__, "".join(shown.format())
    if hint := hints.of_error(exc):
        sentence, lines = f"{sentence}. {hint}", f"{lines}{hint}\n"
    return Failure(type(exc).__name__, sentence, lines)


def _remember_lines(source: str) -> None:
    """Let tracebacks quote the program, which is in no file."""
    lines = source.splitlines(keepends=True)
    linecache.cache[FILENAME] = (len(source), None, lines, FILENAME)


class PrintStream(io.TextIOBase):
    """A text stream that passes printed text on, in pieces.

    The first pieces of every `interval` seconds go at once, so that prints stream even while the
    program computes; a flood is gathered. One piece holds at most `most` characters, its end.
    """

    interval = 0.03
    pieces = 8
    most = 200_000

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._waiting: list[str] = []
        self._size = 0
        self._began = 0.0
        self._passed = 0
        self._timer: asyncio.TimerHandle | None = None

    def writable(self) -> bool:
        """Yes."""
        return True

    def isatty(self) -> bool:
        """No: libraries that draw progress bars should not."""
        return False

    def write(self, text: str) -> int:
        """Take `text`; it is passed on at once or soon."""
        self._waiting.append(text)
        self._size += len(text)
        now = monotonic()
        if now - self._began >= self.interval:
            self._began, self._passed = now, 0
        if self._passed < self.pieces or self._size >= self.most:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.interval, self.flush)
        return len(text)

    def flush(self) -> None:
        """Pass on what waits."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        text = "".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._passed += 1
        if len(text) > self.most:
            left_out = len(text) - self.most
            text = f"[{left_out:,} characters left out]\n{text[-self.most :]}"
        if text:
            self._on_text(text)
