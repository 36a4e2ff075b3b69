"""The main job in a real browser: open the page, change the Python, read what the model writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.returning import Returning
from tests.browser.test_programs import expect_help
from tests.browser.visitor import Visitor, visits
from tests.browser.watching import Watch


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    """One page for the tests that leave it as they found it."""
    yield from visits(returning, served)


def test_a_first_visit(page: Page, served: str, watch: Watch) -> None:
    """Nothing is done but what a new user does: open, read, press Run, read.

    The page keeps to its origin and its policy, and shows no error.
    """
    visitor = Visitor(page).open(served)
    assert "import intab" in visitor.text()
    expect(visitor.device).to_contain_text("q8 on wasm, 2 threads")
    visitor.button("run").click()
    visitor.expect_state("ready")
    assert visitor.printed().startswith("Once upon a time, a little fox found a red balloon.")
    assert len(visitor.printed()) > 150
    expect(visitor.metrics).to_have_text(
        re.compile(r"First token after \d+\.\d\d s\s*prompt \d+ tokens, .* tokens/s")
    )
    watch.assert_clean(served)


def test_editing_keeps_to_the_policy(later: Page, served: str) -> None:
    """Chromium's own editing of rich text would insert inline styles."""
    page, watch = later, Watch(later)
    visitor = Visitor(page).open(served)
    visitor.write("for n in range(2):\n    print('filled')")
    visitor.editor.press("Control+End")
    page.keyboard.type("for n in range(2):\nprint(n)\n", delay=5)
    page.keyboard.press("Backspace")
    page.keyboard.type("print('typed')")
    visitor.editor.press("Control+Enter")
    expect(visitor.output).to_have_text("filled\nfilled\n0\n1\ntyped\n")
    watch.assert_clean(served)


def test_ctrl_enter_runs(opened: Visitor) -> None:
    opened.write("print(6 * 7)")
    opened.editor.press("Control+Enter")
    expect(opened.output).to_have_text("42\n")


def test_several_lines_with_indentation_stay_as_they_are(opened: Visitor) -> None:
    program = "for i in range(2):\n    if i:\n        print(i)\n\nprint('end')\n"
    assert opened.run(program) == "1\nend\n"
    assert opened.text() == program


def test_top_level_await_and_streamed_prints(opened: Visitor) -> None:
    opened.start("import asyncio\nprint('first')\nawait asyncio.Event().wait()")
    expect(opened.output).to_have_text("first\n")
    opened.expect_state("running")
    opened.button("stop").click()
    opened.expect_state("ready")


def test_the_model_is_loaded_once(opened: Visitor) -> None:
    program = "import intab\nprint(await intab.load('default') is await intab.load('default'))"
    assert opened.run(program) == "True\n"


def test_each_run_starts_with_fresh_names(opened: Visitor) -> None:
    opened.run("leftover = 1")
    assert opened.run("print('leftover' in globals())") == "False\n"


def test_run_pressed_twice_runs_once(opened: Visitor) -> None:
    opened.write("print('once')")
    opened.button("run").dblclick()
    opened.expect_state("ready")
    assert opened.printed() == "once\n"


def test_run_is_off_while_a_program_runs(opened: Visitor) -> None:
    opened.start("import asyncio\nawait asyncio.Event().wait()")
    expect(opened.button("run")).to_be_disabled()
    opened.editor.press("Control+Enter")
    opened.button("stop").click()
    opened.expect_state("ready")
    expect(opened.status).to_have_text("Stopped")


def test_an_edit_survives_a_reload(later: Page, served: str) -> None:
    page, visitor = later, Visitor(later).open(served)
    visitor.write("print('mine')")
    page.reload()
    assert visitor.text() == "print('mine')\n"
    visitor.button("reset").click()
    assert "red balloon" in visitor.text()
    page.reload()
    assert "red balloon" in visitor.text()


def test_examples_keep_their_edits_apart(opened: Visitor) -> None:
    opened.write("print('my continuation')")
    opened.choose("Chat")
    assert "model.chat(" in opened.text()
    opened.choose("Continue a story")
    assert opened.text() == "print('my continuation')\n"
    opened.button("reset").click()
    opened.editor.press("Control+z")
    assert opened.text() == "print('my continuation')\n"
    opened.button("reset").click()


def test_undo_never_leaves_its_example(opened: Visitor) -> None:
    opened.write("print('mine')")
    opened.choose("Chat")
    chat = opened.text()
    opened.editor.press("Control+z")
    assert opened.text() == chat
    opened.choose("Continue a story")
    opened.expect_text("print('mine')\n")
    opened.editor.press("Control+z")
    expect(opened.editor).to_contain_text("red balloon")


def test_two_tabs_keep_each_other_s_edits(later: Page, served: str) -> None:
    page, other = later, later.context.new_page()
    page.goto(served)
    other.goto(served)
    Visitor(page).write("print('first tab')")
    elsewhere = Visitor(other)
    elsewhere.choose("Chat")
    elsewhere.write("print('second tab')")
    page.reload()
    assert Visitor(page).text() == "print('second tab')\n"
    Visitor(page).choose("Continue a story")
    assert Visitor(page).text() == "print('first tab')\n"
    other.close()


def test_keyboard_alone(page: Page, served: str) -> None:
    """Tab reaches every control in reading order; Escape then Tab leaves the editor."""
    visitor = Visitor(page).open(served)
    expect_help(visitor)  # with which the editor is made anew
    names = []
    for _ in range(9):
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.shadowRoot ?? document)"
            ".activeElement.textContent.trim().slice(0, 12)"
        )
        names.append(focused)
    assert names[:4] == ["Chat", "Program", "Stored model", "Program: Con"]
    assert names[4:6] == ["Reset exampl", "More"]
    assert names[7:9] == ["Run", "Restart Pyth"]
    visitor.write("import asyncio\nawait asyncio.Event().wait()")
    visitor.button("run").focus()
    for name, state in (("run", "running"), ("stop", "ready")):
        expect(visitor.button(name)).to_be_focused()  # which never falls to the body
        page.keyboard.press("Enter")
        visitor.expect_state(state)
    expect(visitor.button("run")).to_be_focused()


def test_what_a_screen_reader_is_told(opened: Visitor) -> None:
    page = opened.page
    for name in ("Run", "Stop", "Reset example", "Restart Python"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name=re.compile("Python program"))).to_be_visible()
    expect(page.get_by_role("log", name="Output")).to_be_visible()
    expect(page.get_by_role("status")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("intab")
    page.get_by_role("button", name="Program: ").click()
    gallery = page.get_by_role("dialog", name="Programs")
    expect(gallery.get_by_role("navigation", name="Example programs")).to_be_visible()
    expect(gallery.get_by_role("heading", level=3, name="Look inside")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Program: ")).to_be_focused()
