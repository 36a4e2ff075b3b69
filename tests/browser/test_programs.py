"""The visitor's programs in a real browser: kept, marked, shared; and the editor's help."""

from __future__ import annotations

import json
import re
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import looked_at
from tests.browser.returning import Returning
from tests.browser.visitor import STARTED, Visitor
from tests.browser.watching import Watch


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    """One page for all; it may use the clipboard."""
    page = returning.new_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    watch = Watch(page)
    yield Visitor(page).open(served)
    watch.assert_clean(served)
    page.context.clear_permissions()
    page.close()


def act(visitor: Visitor, name: str) -> None:
    """Choose in the menu of the program."""
    menu = visitor.page.get_by_test_id("program-menu")
    menu.locator("summary").click()
    menu.get_by_role("button", name=name).click()


def answer(page: Page, text: str | None) -> None:
    """What the next dialog gets."""
    page.once("dialog", lambda dialog: dialog.accept(text) if text else dialog.accept())


def current(visitor: Visitor) -> str:
    return visitor.examples.locator('[aria-current="true"]').text_content() or ""


def link_to(code: str, title: str = "Theirs") -> str:
    """A link as any page makes it."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(json.dumps({"title": title, "code": code}).encode()) + packer.flush()
    return "#code=" + urlsafe_b64encode(packed).decode().rstrip("=")


def test_an_edit_is_marked_and_reset_can_be_undone_after_a_reload(opened: Visitor) -> None:
    button = opened.examples.locator('[aria-current="true"]')
    opened.write("print('mine')")
    expect(button).to_have_attribute("data-edited", "")
    opened.button("reset").click()
    expect(button).not_to_have_attribute("data-edited", "")
    opened.page.reload()
    assert "red balloon" in opened.text()
    opened.button("undo-reset").click()
    opened.expect_text("print('mine')\n")
    expect(opened.button("undo-reset")).to_be_hidden()
    opened.button("reset").click()


def test_programs_of_one_s_own(opened: Visitor) -> None:
    page = opened.page
    act(opened, "New program")
    assert current(opened) == "My program"
    opened.write("print('own')")
    answer(page, "Foxes")
    act(opened, "Rename")
    assert current(opened) == "Foxes"
    act(opened, "Duplicate")
    assert current(opened) == "Foxes, copy"
    opened.expect_text("print('own')\n")
    page.reload()
    assert current(opened) == "Foxes, copy"
    opened.button("open-gallery").click()
    assert looked_at(page, "gallery-own") == []
    opened.button("close-gallery").click()
    opened.page.get_by_test_id("program-menu").locator("summary").click()
    assert looked_at(page, "program-menu") == []
    page.keyboard.press("Escape")
    answer(page, None)
    act(opened, "Delete")
    assert current(opened) == "Continue a story"
    opened.choose("Foxes")
    opened.expect_text("print('own')\n")
    with page.expect_download() as saved:
        act(opened, "Download")
    assert saved.value.suggested_filename == "foxes.py"
    assert saved.value.path().read_text() == "print('own')\n"


def test_a_link_brings_the_program_and_runs_nothing(opened: Visitor, served: str) -> None:
    opened.choose("Foxes")
    act(opened, "Copy a link")
    expect(opened.page.get_by_test_id("notices")).to_contain_text("The link is copied")
    link = opened.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{served}#code=")
    opened.page.goto(served + link_to("print('theirs')"))
    expect(opened.page.get_by_test_id("notices")).to_contain_text("“Theirs” came with a link")
    opened.expect_text("print('theirs')")
    opened.expect_state("ready", timeout=STARTED)
    assert looked_at(opened.page, "shared") == []
    assert opened.printed() == ""
    assert "#" not in opened.page.url
    opened.button("run").click()
    opened.expect_state("ready")
    assert opened.printed() == "theirs\n"


@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_what_brought_a_program_can_be_dismissed_by_keyboard(opened: Visitor, key: str) -> None:
    opened.page.evaluate("hash => { location.hash = hash; }", link_to("print('theirs')"))
    notices = opened.page.get_by_test_id("notices")
    expect(notices).to_contain_text("came with a link")
    opened.expect_state("ready", timeout=STARTED)
    opened.button("restart").focus()
    opened.page.keyboard.press("Tab")
    dismiss = notices.get_by_role("button", name="Dismiss")
    expect(dismiss).to_be_focused()
    opened.page.keyboard.press(key)
    expect(notices).to_be_empty()
    expect(opened.status).to_be_focused()  # and not the body, from where Tab begins anew


@pytest.mark.parametrize(
    "bad",
    ["#code=", "#code=%%%", "#code=AAAA", link_to("x = 1")[:-9], link_to("x" * 2_000_000)],
    ids=["empty", "no-base64", "no-deflate", "cut", "bomb"],
)
def test_a_damaged_link_has_a_word(opened: Visitor, bad: str) -> None:
    before = opened.text()
    opened.page.evaluate("hash => { location.hash = hash; }", bad)
    expect(opened.page.get_by_test_id("notices")).to_contain_text("is damaged")
    opened.page.get_by_role("button", name="Dismiss").click()
    assert opened.text() == before


def test_a_link_s_title_and_code_are_text(opened: Visitor) -> None:
    title = "<img src=x onerror=hacked=1>"
    opened.page.evaluate("hash => { location.hash = hash; }", link_to("<script>", title))
    expect(opened.examples.locator('[aria-current="true"]')).to_have_text(title)
    assert opened.page.evaluate("window.hacked") is None


def expect_help(visitor: Visitor) -> None:
    """Wait for what the editor fetches after Python is ready: a key typed before opens no list."""
    editor = visitor.page.get_by_test_id("editor")
    expect(editor).to_have_attribute("data-extended", "", timeout=STARTED)


def test_the_editor_completes_from_the_docstrings(opened: Visitor) -> None:
    expect_help(opened)
    opened.write("import intab")
    opened.editor.press("Control+End")
    opened.page.keyboard.type("intab.sh", delay=20)
    tooltip = opened.page.locator(".cm-tooltip-autocomplete")
    expect(tooltip).to_contain_text("show(*values, rate)")
    expect(opened.page.locator(".cm-completionInfo")).to_contain_text("Show values")
    assert looked_at(opened.page, "completion") == []
    opened.page.keyboard.press("Escape")
    opened.page.keyboard.type("ow(model.stream('a', temper", delay=20)
    expect(tooltip).to_contain_text("temperature=")
    opened.page.keyboard.press("Escape")


def test_the_syntax_is_looked_at_while_one_types(opened: Visitor) -> None:
    expect_help(opened)
    opened.write("x = 1\ny = = 2")
    wrong = opened.page.locator(".cm-lintRange-error")
    expect(wrong).to_have_count(1)
    wrong.hover()
    expect(opened.page.locator(".cm-tooltip-lint")).to_be_visible()
    assert looked_at(opened.page, "syntax") == []
    opened.write("x = 1\ny = await z")
    expect(wrong).to_have_count(0)


def test_a_traceback_leads_to_its_line(opened: Visitor) -> None:
    opened.run("x = 1\n\nprint(x / 0)", "error")
    opened.output.get_by_role("button", name="line 3").click()
    expect(opened.page.locator(".cm-activeLine")).to_have_text("print(x / 0)")


def test_find_and_the_output_s_buttons(opened: Visitor) -> None:
    expect_help(opened)
    opened.run("print('found')")
    opened.editor.press("Control+f")
    expect(opened.page.locator(".cm-search input").first).to_be_focused()
    assert looked_at(opened.page, "find") == []
    opened.page.keyboard.press("Escape")
    opened.button("copy-output").click()
    expect(opened.page.get_by_test_id("notices")).to_contain_text(re.compile("output is copied"))
    assert opened.page.evaluate("navigator.clipboard.readText()") == "found\n"
