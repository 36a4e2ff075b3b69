"""Output in a real browser: floods of it, its end in sight, what is copied, what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits

STREAM = """
    import intab
    model = await intab.load("default")
    async for chunk in model.stream("Once upon a time", max_new_tokens=200, do_sample=False):
        print(chunk, end="")
"""

TASK = "ThreadControllerImpl::RunTask"


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    yield from visits(returning, served)


def longest_task(visitor: Visitor, program: str) -> float:
    """Of what the page's thread does meanwhile: milliseconds that it computes.

    Not those that pass, as the Long Tasks API has them: a busy machine takes the thread away.
    """
    page = visitor.page
    visitor.write(program)
    browser = page.context.browser
    assert browser
    browser.start_tracing(page=page, categories=["toplevel"])
    visitor.button("run").click()
    visitor.expect_state("ready")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    named = {(one["pid"], one["tid"]): one["args"]["name"] for one in events if is_name(one)}
    pages = {thread for thread, name in named.items() if name == "CrRendererMain"}
    tasks = [one for one in events if one["name"] == TASK and (one["pid"], one["tid"]) in pages]
    assert len(tasks) > 100
    return max(float(one["tdur"]) for one in tasks if "tdur" in one) / 1000


def is_name(event: dict[str, Any]) -> bool:
    return bool(event["name"] == "thread_name")


def test_the_page_s_thread_is_never_blocked_for_50_ms(opened: Visitor) -> None:
    assert longest_task(opened, STREAM) < 50


@pytest.mark.parametrize(
    "program", ["for i in range(100_000): print(i)", "for i in range(40_000): print(end='word ')"]
)
def test_a_flood_of_output_does_not_block_the_page(opened: Visitor, program: str) -> None:
    assert longest_task(opened, program) < 100  # laying out all of it took 300


@pytest.mark.parametrize("words", [2, 40], ids=["short-lines", "long-lines"])
def test_the_end_of_the_output_is_in_sight(opened: Visitor, words: int) -> None:
    opened.run(f"for i in range(2000): print(i, 'word ' * {words})")
    below = "output => output.scrollHeight - output.scrollTop - output.clientHeight"
    settled = f"new Promise((done) => requestIdleCallback(done)).then(() => ({below})(output))"
    assert opened.output.evaluate(f"output => {settled}") < 2


@pytest.mark.parametrize(
    ("printed", "shown"),
    [("", "Traceback"), ("print('x')", "x\nTraceback"), ("print(end='x')", "x\nTraceback")],
)
def test_a_traceback_begins_its_own_line(opened: Visitor, printed: str, shown: str) -> None:
    assert opened.run(f"{printed}\n1 / 0", "error").startswith(shown)


def test_copied_output_is_what_was_printed(opened: Visitor) -> None:
    """Across the blocks in which the page keeps it."""
    printed = opened.run("for i in range(3000): print(i)")
    select = "output => { getSelection().selectAllChildren(output); return `${getSelection()}`; }"
    assert opened.output.evaluate(select).strip() == printed.strip()


@pytest.mark.parametrize(
    ("program", "begin", "end"),
    [
        ("print('x' * 5_000_000, end='!')", "", "xx!"),
        ("for i in range(1_000_000): print(i)", "0\n1\n2\n", "999998\n999999\n"),
        (
            "print('first')\nfor i in range(150_000): print(i)\nprint('last')",
            "first\n0\n",
            "last\n",
        ),
    ],
    ids=["one-piece", "million-lines", "mixed"],
)
def test_of_too_much_output_the_middle_is_left_out(
    opened: Visitor, program: str, begin: str, end: str
) -> None:
    """What is left stays usable, and all of it is there to download."""
    printed = opened.run(program)
    assert printed.startswith(begin)
    assert printed.endswith(end)
    assert "characters left out" in printed
    assert 200_000 <= len(printed) < 250_000


def test_all_of_it_is_there_to_download(opened: Visitor) -> None:
    opened.run("for i in range(200_000): print(i)")
    with opened.page.expect_download() as saved:
        opened.output.get_by_role("button", name="Download all of it").click()
    text = saved.value.path().read_text()
    assert text == "".join(f"{i}\n" for i in range(200_000))
