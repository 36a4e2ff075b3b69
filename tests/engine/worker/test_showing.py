"""What a program shows and asks: its last line, messages to the page, a forgotten await."""

import asyncio
import json
from typing import Any

import pytest

from intab.engine.display.screen import Screen
from intab.engine.display.shown import Shown
from intab.engine.worker.code import syntax_problems
from intab.engine.worker.messages import decode
from intab.engine.worker.page_screen import PageScreen, Wire
from intab.engine.worker.program import Failure, run_program
from intab.errors import ProgramError

AGEN = "async def stream():\n    yield 1\nasync def answer():\n    return 1\n"


async def run(source: str) -> tuple[str, Failure | None]:
    """What it showed and what it printed to stderr, and its failure."""
    said: list[str] = []
    screen = Screen(lambda shown: said.append(f"{shown.form}:{shown.text};"))
    failure = await run_program(source, said.append, said.append, screen)
    return "".join(said), failure


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("6 * 7", "text:42;"),
        ("x = 1\nx", "text:1;"),
        ("print('a')\n'b'", "a\ntext:b;"),
        ("import asyncio\nawait asyncio.sleep(0, 'late')", "text:late;"),
        ("[{'a': 1}]", "table:[{'a': 1}];"),
        ("None", ""),
        ("x = 1", ""),
        ("'''only a docstring'''", ""),
        ("", ""),
        ("from __future__ import annotations\n1", "text:1;"),
        ("import intab\nintab.show(1)\nintab.show(2)", "text:1;text:2;"),
    ],
)
async def test_the_last_expression_is_shown(source: str, shown: str) -> None:
    assert await run(source) == (shown, None)


async def test_its_line_stands_in_a_traceback() -> None:
    _, failure = await run("x = 1\n\nx / 0")
    assert failure is not None
    assert 'File "program.py", line 3' in failure.traceback


async def test_a_value_that_cannot_be_shown_is_the_program_s_error() -> None:
    source = "class A:\n    def _repr_html_(self):\n        return 1 / 0\nA()"
    _, failure = await run(source)
    assert failure is not None
    assert failure.error_type == "ZeroDivisionError"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the coroutines that are left
@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("answer().text", "write `await` before the call"),
        ("answer()[0]", "write `await` before the call"),
        ("stream().text", "go through it with `async for`"),
        ("for x in stream(): pass", "`async for` instead of `for`"),
        ("for x in answer(): pass", "write `await` before the call"),
        ("list(stream())", "`async for` instead of `for`"),
    ],
)
async def test_a_forgotten_await_has_a_sentence(source: str, sentence: str) -> None:
    _, failure = await run(AGEN + source)
    assert failure is not None
    assert sentence in failure.message
    assert failure.traceback.rstrip().endswith(failure.message.partition(". ")[2])


@pytest.mark.parametrize("source", ["answer()", "answer()\nx = 1"])
async def test_a_coroutine_that_nobody_waits_for(source: str) -> None:
    sentence = "answer(...) did nothing, since nobody waited for it: write `await` before it.\n"
    assert await run(AGEN + source) == (sentence, None)


@pytest.mark.parametrize("source", ["(1).x", "for x in 1: pass", "raise TypeError('coroutine')"])
async def test_other_errors_have_none(source: str) -> None:
    _, failure = await run(source)
    assert failure is not None
    assert "await" not in failure.message


class Page:
    """The page's end."""

    def __init__(self, line: str | None = "") -> None:
        self.events: list[dict[str, Any]] = []
        self.data: list[bytes] = []
        wire = Wire(self._post, self._post_data, lambda: line)
        self.screens = PageScreen(wire)

    def _post(self, text: str) -> None:
        self.events.append(json.loads(text))

    def _post_data(self, text: str, data: bytes) -> None:
        self._post(text)
        self.data.append(data)


def test_a_picture_s_bytes_go_beside_the_message() -> None:
    page = Page()
    screen = page.screens.of(3)
    screen.show(Shown("image", "<picture>", "image/png", b"PNG"))
    screen.show(Shown("text", "words"))
    assert [event["form"] for event in page.events] == ["image", "text"]
    assert page.events[0] == {
        "kind": "display",
        "run": 3,
        "form": "image",
        "text": "<picture>",
        "content": "image/png",
    }
    assert page.data == [b"PNG"]


def test_input_stands_still_for_the_answer() -> None:
    page = Page("Mia")
    assert page.screens.of(1).ask("Who? ") == "Mia"
    assert page.events == [{"kind": "ask", "run": 1, "prompt": "Who? ", "blocking": True}]


def test_a_program_that_is_stopped_while_it_asks() -> None:
    with pytest.raises(KeyboardInterrupt):
        Page(None).screens.of(1).ask("")


def test_where_python_cannot_stand_still() -> None:
    events: list[str] = []
    screens = PageScreen(Wire(events.append, lambda *_: None))
    with pytest.raises(ProgramError, match="write `await intab"):
        screens.of(1).ask("")
    assert events == []


async def test_answers_come_in_the_order_of_the_questions() -> None:
    page = Page()
    screen = page.screens.of(1)
    first = asyncio.ensure_future(screen.ask_later("a"))
    second = asyncio.ensure_future(screen.ask_later("b"))
    page.screens.answer(2, "of another run")
    page.screens.answer(1, "one")
    page.screens.answer(1, "two")
    page.screens.answer(1, "nobody asked")
    assert [await first, await second] == ["one", "two"]


def test_requests_of_the_page() -> None:
    assert vars(decode('{"kind": "answer", "run": 1, "text": "x"}')) == {"run": 1, "text": "x"}
    assert vars(decode('{"kind": "control", "name": "n", "value": 2}')) == {"name": "n", "value": 2}


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("await x\nfor i in y: pass", None),
        ("x = 1\ny = = 2", (2, 5)),
        ("'\\d'", None),
        ("def f(:", (1, 7)),
        ("return", (1, 1)),
    ],
)
def test_the_syntax_s_first_fault(source: str, place: tuple[int, int] | None) -> None:
    problems = [(one["line"], one["column"]) for one in syntax_problems(source)]
    assert problems == ([place] if place else [])


def test_what_is_no_text_of_a_program() -> None:
    assert syntax_problems("\0")[0]["line"] == 1
    assert syntax_problems("(" * 5000)


async def test_a_package_that_is_not_there_has_a_sentence() -> None:
    _, failure = await run("import no_such_package.part")
    assert failure is not None
    assert 'make site PACKAGES="no_such_package"' in failure.message
    _, failure = await run("raise ModuleNotFoundError('of my own')")
    assert failure is not None
    assert failure.message == "of my own"
