"""The storage panel: what is stored, checking and deleting it, by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.returning import Returning
from tests.browser.test_looks import CONTRAST, SHOTS, Scheme, dressed
from tests.browser.visitor import STARTED, Visitor, visits

OTHER = """
import intab
from intab.engine.storage.keys import ModelKey
from intab.platform import loader
services = loader().services
await services.store.put(ModelKey("https://hub.example/org/other/", "abc").record,
                      services.memory.encode('{"format": 1, "name": "org/other", "files": ["x"]}'))
"""


@pytest.fixture
def page(later: Page) -> Page:
    return later


def open_panel(page: Page) -> Locator:
    page.get_by_role("button", name="Stored models").click()
    return page.get_by_role("dialog", name="Stored models")


def test_a_stored_model_is_checked_and_deleted(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
    panel = open_panel(page)
    item = panel.get_by_role("listitem")
    expect(item).to_contain_text("default")
    expect(item).to_contain_text("MB · complete · verified · loaded · last used")
    expect(panel).to_contain_text("that it may")
    message = panel.get_by_role("status")
    panel.get_by_role("button", name="Verify default").click()
    expect(message).to_have_text("Every byte is as it was stored.")
    panel.get_by_role("button", name="Delete default").click()
    expect(item).to_be_visible()  # not before it was confirmed
    panel.get_by_role("button", name="Delete 6.").click()
    expect(message).to_contain_text("A loaded model goes on working until the page is reloaded.")
    expect(item).to_have_count(0)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    visitor.button("run").click()
    visitor.expect_state("ready")
    assert visitor.printed().startswith("Once upon a time")


def test_several_are_deleted_by_keyboard_alone(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
    visitor.run(OTHER)
    visitor.button("open-panel").focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("listitem").nth(1)).to_contain_text("org/other")
    expect(panel.get_by_role("listitem").nth(1)).to_contain_text("not complete yet")
    panel.get_by_role("button", name="Delete all").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # a visitor who moves on has not confirmed it
    panel.get_by_role("button", name="Delete all").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("listitem")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(panel.get_by_role("listitem")).to_have_count(0)


# What a picker would give: a file of the private file system, which need not be allowed.
PICKERS = """
const file = async () => {
  const root = await navigator.storage.getDirectory();
  return root.getFileHandle("default.tar", { create: true });
};
window.showSaveFilePicker = file;
window.showOpenFilePicker = async () => [await file()];
window.showDirectoryPicker = () => Promise.reject(new DOMException("", "AbortError"));
"""
# Of each stage the last that its bar has shown.
WATCH_BAR = """
window.seen = [];
const find = (name) => document.querySelector(`[data-testid="${name}"]`);
const bar = find("panel-progress");
new MutationObserver(() => {
  if (bar.hidden) return;
  const text = find("panel-message").textContent;
  if (seen.at(-1)?.[0] === text) seen.pop();
  seen.push([text, bar.value, bar.max, find("panel-transfer").textContent]);
}).observe(bar, { attributes: true });
"""
TELL = "from intab.platform import loader\nprint(loader().token)"


def test_a_model_is_exported_and_imported(page: Page, served: str) -> None:
    page.add_init_script(PICKERS)
    Visitor(page).open(served)
    panel = open_panel(page)
    message = panel.get_by_role("status")
    panel.get_by_role("button", name="Import").click()
    expect(message).to_have_class("message failure")  # an empty file is no archive
    page.evaluate(WATCH_BAR)
    panel.get_by_role("button", name="Export default").click()
    expect(message).to_have_text("Exported.")
    panel.get_by_role("button", name="Delete default").click()
    panel.get_by_role("button", name="Delete 6.").click()
    expect(panel.get_by_role("listitem")).to_have_count(0)
    panel.get_by_role("button", name="Import").click()
    expect(message).to_have_text("Imported default.")
    expect(panel.get_by_role("listitem")).to_contain_text("complete")
    seen = page.evaluate("seen")
    assert [text for text, *_ in seen] == [
        "Writing the file", "Checking the file", "Storing the model",
    ]  # fmt: skip
    for _, value, most, transfer in seen:
        assert value == most > 6e6
        assert re.search(r"^6\.\d of 6\.\d MB", transfer)
    expect(page.get_by_test_id("panel-progress")).to_be_hidden()


def test_a_folder_is_opened_and_forgotten(page: Page, served: str) -> None:
    page.add_init_script(PICKERS)
    Visitor(page).open(served)
    panel = open_panel(page)
    folders = panel.get_by_role("list", name="Opened folders")
    panel.get_by_role("button", name="Open a folder").click()  # and a visitor changes their mind
    expect(panel.get_by_role("status")).not_to_have_class("failure")
    page.evaluate(
        "window.showDirectoryPicker = async () =>"
        " (await navigator.storage.getDirectory()).getDirectoryHandle('mine', { create: true })"
    )
    panel.get_by_role("button", name="Open a folder").click()
    expect(panel.get_by_role("status")).to_contain_text('intab.load("disk:mine")')
    expect(folders).to_contain_text("On your disk")
    panel.get_by_role("button", name="Forget disk:mine").click()
    expect(folders).to_be_hidden()


def test_a_token_is_told_to_each_worker_and_kept_nowhere(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
    panel = open_panel(page)
    field = panel.get_by_label("Access token")
    assert field.get_attribute("type") == "password"
    field.fill("hf_secret")
    page.keyboard.press("Escape")
    assert visitor.run(TELL) == "hf_secret\n"
    visitor.button("restart").click()
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.run(TELL) == "hf_secret\n"
    assert "hf_secret" not in page.evaluate("JSON.stringify(localStorage) + location.href")
    visitor.open(served)
    assert visitor.run(TELL) == "\n"


def test_the_browser_is_asked_to_keep_models_once_one_has_run(
    browser: Browser, served: str
) -> None:
    """At a first visit: what a browser has granted it grants again."""
    page = browser.new_page()
    page.add_init_script(
        "window.asked = 0; StorageManager.prototype.persist = async () => (asked += 1) > 0;"
    )
    visitor = Visitor(page).open(served)
    panel = open_panel(page)
    expect(panel).to_contain_text("The browser may delete these files when it runs out of room.")
    assert page.evaluate("asked") == 0
    panel.get_by_role("button", name="Keep them").click()
    expect(panel).to_contain_text("They are kept until you delete them.")
    page.keyboard.press("Escape")
    for _ in range(2):
        visitor.run("print(1)")
    assert page.evaluate("asked") == 2
    page.close()


@pytest.fixture(scope="module")
def shown(returning: Returning, served: str) -> Iterator[Page]:
    """The page with two stored models."""
    for visitor in visits(returning, served):
        visitor.run(OTHER)
        yield visitor.page


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (360, "light"), (360, "dark")], ids=str
)
def test_the_panel_fits_and_can_be_read(shown: Page, width: int, scheme: Scheme) -> None:
    page = dressed(shown, {"width": width, "height": 720}, scheme)
    panel = open_panel(page)
    expect(panel.get_by_role("listitem")).to_have_count(2)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"panel-{width}-{scheme}.png")
    assert panel.evaluate("panel => panel.scrollWidth - panel.clientWidth") == 0
    for hook in ("room", "stored", "panel-message"):
        assert page.evaluate(CONTRAST, f"[data-testid={hook}]") >= 4.5, hook
    page.keyboard.press("Escape")
