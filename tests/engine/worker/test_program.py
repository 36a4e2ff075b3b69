"""Users' programs: top-level await, prints in order, their own lines in tracebacks."""

import asyncio
import inspect
import signal
import sys
import warnings
from collections.abc import Iterator
from textwrap import dedent

import pytest

from intab.engine.worker.program import Failure, PrintStream, interrupt_program, run_program


async def run(source: str) -> tuple[str, str, Failure | None]:
    out: list[str] = []
    err: list[str] = []
    failure = await run_program(source, out.append, err.append)
    return "".join(out), "".join(err), failure


async def test_top_level_await_and_prints() -> None:
    source = "import asyncio, sys\nprint('a')\nawait asyncio.sleep(0)\nprint('b', file=sys.stderr)"
    assert await run(source) == ("a\n", "b\n", None)


async def test_each_run_has_its_own_names() -> None:
    await run("x = 1")
    _, _, failure = await run("print(x)")
    assert failure is not None
    assert failure.error_type == "NameError"


async def test_it_is_the_main_module() -> None:
    assert (await run("print(__name__)"))[0] == "__main__\n"


async def test_who_asks_a_class_for_its_module_finds_the_program() -> None:
    source = """
        from __future__ import annotations
        import __main__, dataclasses, pickle, typing

        @dataclasses.dataclass
        class Town:
            near: Town | None = None
            seen: typing.ClassVar[int] = 3

        print(typing.get_type_hints(Town)["near"] == Town | None, len(dataclasses.fields(Town)))
        print(pickle.loads(pickle.dumps(Town())), __main__.Town is Town)
    """
    before = sys.modules["__main__"]
    out, err, failure = await run(dedent(source))
    assert (out, err, failure) == ("True 1\nTown(near=None) True\n", "", None)
    assert sys.modules["__main__"] is before


async def test_annotations_are_values_unless_the_program_says_otherwise() -> None:
    source = "def f(a: int): pass\nprint(f.__annotations__)\n"
    assert (await run(source))[0] == "{'a': <class 'int'>}\n"
    assert (await run(f"from __future__ import annotations\n{source}"))[0] == "{'a': 'int'}\n"


async def test_a_syntax_error_shows_its_line() -> None:
    _, _, failure = await run("x = 1\ny = = 2\n")
    assert failure is not None
    assert failure.error_type == "SyntaxError"
    assert 'File "program.py", line 2' in failure.traceback
    assert "y = = 2" in failure.traceback


async def test_a_traceback_begins_at_the_program() -> None:
    source = "def f():\n    return 1 / 0\n\nprint('before')\nf()\n"
    out, _, failure = await run(source)
    assert out == "before\n"
    assert failure is not None
    assert failure.message == "division by zero"
    lines = [line for line in failure.traceback.splitlines() if set(line) - set(" ~^")]
    assert lines == [
        "Traceback (most recent call last):",
        '  File "program.py", line 5, in <module>',
        "    f()",
        '  File "program.py", line 2, in f',
        "    return 1 / 0",
        "ZeroDivisionError: division by zero",
    ]


async def test_our_own_errors_show_the_user_s_line_and_the_sentence() -> None:
    source = "from intab.engine.generation.options import GenerationOptions\n"
    source += "GenerationOptions.make({'top_k': -1}, {})\n"
    _, _, failure = await run(source)
    assert failure is not None
    assert failure.error_type == "OptionError"
    assert failure.message == "top_k must be a whole number, 0 or more, not -1."
    assert "line 2" in failure.traceback
    assert "options.py" not in failure.traceback


async def test_an_error_without_words_is_its_name() -> None:
    _, _, failure = await run("raise KeyError")
    assert failure is not None
    assert failure.message == "KeyError"


async def test_exit_is_a_good_end() -> None:
    assert await run("print('a')\nexit_ = SystemExit(3)\nraise exit_\n") == ("a\n", "", None)


@pytest.mark.parametrize(
    "what",
    [
        "KeyboardInterrupt",
        "asyncio.CancelledError",
        "BaseExceptionGroup('g', [KeyboardInterrupt()])",
        "BaseExceptionGroup('g', [BaseExceptionGroup('h', [asyncio.CancelledError()])])",
    ],
)
async def test_being_stopped_goes_through(what: str) -> None:
    out: list[str] = []
    with pytest.raises((KeyboardInterrupt, asyncio.CancelledError)):
        await run_program(f"import asyncio\nprint('a')\nraise {what}", out.append, out.append)
    assert "".join(out) == "a\n"


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("BaseException('x')", "BaseException"),
        ("GeneratorExit", "GeneratorExit"),
        ("type('Odd', (BaseException,), {})('x')", "Odd"),
        ("ExceptionGroup('g', [ValueError('x')])", "ExceptionGroup"),
    ],
)
async def test_whatever_is_raised_is_the_answer(what: str, name: str) -> None:
    _, _, failure = await run(f"raise {what}")
    assert failure is not None
    assert failure.error_type == name
    assert 'File "program.py", line 1' in failure.traceback


async def test_what_is_left_in_the_background_ends_with_the_program() -> None:
    source = (
        "import asyncio\n"
        "async def tick():\n"
        "    while True:\n"
        "        await asyncio.sleep(0)\n"
        "task = asyncio.ensure_future(tick())\n"
        "await asyncio.sleep(0)\n"
    )
    before = asyncio.all_tasks()
    assert await run(source) == ("", "", None)
    assert asyncio.all_tasks() == before


async def test_an_error_in_the_background_is_told() -> None:
    source = (
        "import asyncio\n"
        "async def fail():\n"
        "    try:\n"
        "        await asyncio.sleep(9)\n"
        "    finally:\n"
        "        1 / 0\n"
        "task = asyncio.ensure_future(fail())\n"
        "await asyncio.sleep(0)\n"
    )
    _, err, failure = await run(source)
    assert failure is None
    assert "line 6, in fail" in err
    assert "ZeroDivisionError" in err


async def test_a_load_outlives_the_program_that_began_it() -> None:
    source = (
        "import asyncio\n"
        "from intab.engine.io.tasks import start_lasting\n"
        "task = start_lasting(asyncio.sleep(0, 'loaded'), 'load')\n"
    )
    before = asyncio.all_tasks()
    assert await run(source) == ("", "", None)
    [kept] = asyncio.all_tasks() - before
    assert await kept == "loaded"


async def test_input_says_what_to_do() -> None:
    _, _, failure = await run("name = input('Your name? ')")
    assert failure is not None
    assert failure.error_type == "ProgramError"
    assert "write the answer into the program instead" in failure.message


async def test_an_interrupt_meets_the_program() -> None:
    """However deep below it; signals themselves reach the main thread alone, not this test's."""
    source = "import sys\nfrom intab.engine.worker.program import interrupt_program\n"
    source += "sorted([1], key=lambda _: interrupt_program(2, sys._getframe()))"
    with pytest.raises(KeyboardInterrupt):
        await run(source)


def test_an_interrupt_meets_nothing_but_the_program() -> None:
    interrupt_program(signal.SIGINT, inspect.currentframe())


async def test_prints_are_passed_on_while_the_program_waits() -> None:
    out: list[str] = []
    source = "import asyncio\nprint('a'); print('b')\nawait asyncio.Event().wait()"
    task = asyncio.ensure_future(run_program(source, out.append, out.append))
    while "".join(out) != "a\nb\n":  # noqa: ASYNC110 - the program has no event to tell us
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_prints_stream_while_the_program_computes() -> None:
    """No turn of the event loop is needed: what was printed before a long computation is seen."""
    out: list[str] = []
    seen: list[str] = []
    stream = PrintStream(out.append)
    for word in ("a", "b", "c"):
        stream.write(word)
        seen.append("".join(out))
    assert seen == ["a", "ab", "abc"]


async def test_a_flood_of_prints_comes_in_pieces() -> None:
    out: list[str] = []
    await run_program("for i in range(20000): print(i)", out.append, out.append)
    assert "".join(out) == "".join(f"{i}\n" for i in range(20000))
    assert len(out) < 2000


async def test_flush_passes_on_at_once() -> None:
    out: list[str] = []
    stream = PrintStream(out.append)
    for _ in range(100):
        stream.write("x")
    stream.flush()
    assert "".join(out) == "x" * 100
    assert len(out) < 100


async def test_one_piece_has_an_end() -> None:
    out, _, _ = await run("print('x' * 1_000_000)")
    assert out.startswith("[800,000 characters left out]\nxxx")
    assert len(out) < PrintStream.most + 100


def test_a_print_stream_is_no_terminal() -> None:
    stream = PrintStream(lambda text: None)
    assert stream.writable()
    assert not stream.isatty()


BREAKS = [
    "import builtins\nbuiltins.print = None",
    "import builtins\nbuiltins.open = builtins.len = builtins.isinstance = lambda *_: 1 / 0",
    "import builtins\nvars(builtins).clear()",
    "import builtins\ndel builtins.__import__, builtins.__build_class__",
    "import sys\nsys.modules.clear()",
    "import sys\nsys.modules = {}",
    "import sys\nsys.modules['json'] = None\nsys.meta_path.clear()\nsys.path.clear()",
    "import asyncio\nasyncio.sleep = asyncio.all_tasks = asyncio.gather = asyncio.wait = None",
    "import asyncio\nasyncio.get_running_loop().call_soon = asyncio.get_running_loop().time = None",
    "import asyncio\ntype(asyncio.get_running_loop()).call_later = None",
    "import json, time\njson.dumps = time.monotonic = None",
    "import traceback as t\nt.TracebackException = t.StackSummary = None",
    "import io, intab.engine.worker.program as p\nio.TextIOBase = p.PrintStream = p.describe = 0",
    "import sys\nsys.setrecursionlimit(80)",
    "import sys\nsys.settrace(lambda frame, *_: 1 / 0 if frame.f_code.co_name == 'Kept' else None)",
    "import sys\nsys.stdout = sys.stderr = None",
    "import warnings\nwarnings.simplefilter('error')\nwarnings.warn = None",
]
SOUND = """
import asyncio, json, warnings
class Kept:
    text = json.dumps([len("ab")])
await asyncio.sleep(0)
await asyncio.gather(asyncio.sleep(0.001))
warnings.warn("only told")
print(Kept.text, open is not None)
"""


@pytest.mark.parametrize("end", ["", "\nraise ValueError", "\nimport x_y_z"])
@pytest.mark.parametrize("source", BREAKS, ids=range(len(BREAKS)))
async def test_what_a_program_replaces_is_back_for_the_next(source: str, end: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, _, failure = await run(source + end)
        assert (failure is not None) == bool(end)
        assert await run(SOUND) == ("[2] True\n", "", None)


async def test_what_a_background_task_replaces_at_its_end_too() -> None:
    source = (
        "import asyncio, builtins\n"
        "async def late():\n"
        "    try:\n        await asyncio.sleep(99)\n"
        "    finally:\n        builtins.print = None\n"
        "task = asyncio.create_task(late())\nawait asyncio.sleep(0)\n"
    )
    assert await run(source) == ("", "", None)
    assert (await run("print(1)"))[0] == "1\n"


async def test_what_a_program_adds_stays() -> None:
    await run("import builtins, sys, types\nsys.modules['own'] = types.ModuleType('own')")
    assert (await run("import own\nprint(own.__name__)"))[0] == "own\n"


PYPLOT = """
import sys, types
pyplot = types.ModuleType("matplotlib.pyplot")
pyplot.closed = []
pyplot.close = {close}
sys.modules["matplotlib.pyplot"] = pyplot
"""


@pytest.fixture
def no_pyplot() -> Iterator[None]:
    assert "matplotlib.pyplot" not in sys.modules
    yield
    del sys.modules["matplotlib.pyplot"]


@pytest.mark.usefixtures("no_pyplot")
@pytest.mark.parametrize("end", ["", "1 / 0"])
async def test_figures_that_were_not_shown_are_closed(end: str) -> None:
    await run(PYPLOT.format(close="pyplot.closed.append") + end)
    assert set(sys.modules["matplotlib.pyplot"].closed) == {"all"}


@pytest.mark.usefixtures("no_pyplot")
async def test_what_a_program_put_in_matplotlibs_place_does_no_harm() -> None:
    assert (await run(PYPLOT.format(close="3") + "print(1)")) == ("1\n", "", None)
