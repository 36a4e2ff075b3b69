"""What the page shows and does while Python and the model are on their way."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.test_panel import open_panel
from tests.browser.visitor import STARTED, Visitor

STARTS_THE_WORKER = "**/without_eval.mjs"
WITHOUT_STORE = """
    import intab, js
    js.Object.defineProperty(js.globalThis, "caches", js.Object.new())
    await intab.load("default", dtype="q8")
"""


def test_while_python_loads_a_run_waits_stop_takes_it_back_and_the_panel_says_so(
    page: Page, served: str
) -> None:
    held: list[Route] = []
    page.route(STARTS_THE_WORKER, lambda route: held.append(route))
    visitor = Visitor(page)
    page.goto(served)
    visitor.start("print('never')")
    visitor.button("stop").click()
    expect(visitor.button("run")).to_be_enabled()
    visitor.expect_state("loading")
    panel = open_panel(page)
    expect(panel.get_by_role("status")).to_contain_text("Python is starting")
    page.keyboard.press("Escape")
    visitor.start("print('patience')")
    visitor.expect_state("loading")
    held[0].continue_()
    expect(visitor.output).to_have_text("patience\n", timeout=STARTED)
    expect(open_panel(page).get_by_role("listitem")).to_contain_text("default", timeout=STARTED)


def test_the_start_of_python_is_told_in_stages(page: Page, served: str) -> None:
    page.add_init_script(
        "window.told = [];"
        "addEventListener('readystatechange', () => {"
        "  const status = document.querySelector('[data-testid=status]');"
        "  new MutationObserver(() => told.push(status.textContent))"
        "    .observe(status, { childList: true });"
        "}, { capture: true, once: true });"
    )
    held: list[Route] = []
    page.route(STARTS_THE_WORKER, lambda route: held.append(route))
    page.goto(served)
    visitor = Visitor(page)
    expect(visitor.status).to_have_text("Starting Python", timeout=STARTED)
    bar = page.get_by_test_id("progress")
    expect(bar).to_be_visible()
    moving = "bar => [bar.matches(':indeterminate'), getComputedStyle(bar).animationName]"
    assert bar.evaluate(moving) == [True, "moving"]
    page.emulate_media(reduced_motion="reduce")
    assert bar.evaluate(moving) == [True, "none"]
    expect(page.get_by_test_id("transfer")).to_contain_text("First visit: ")
    held[0].continue_()
    visitor.expect_state("ready", timeout=STARTED)
    told = page.evaluate("told")
    assert told[:2] == ["Starting Python", "Loading Python"]
    assert told[-1] == "Ready"
    expect(bar).to_be_hidden()


def test_a_loading_bar_shows_the_bytes(page: Page, served: str) -> None:
    held: list[object] = []
    page.route("**/model_quantized.onnx", lambda route: held.append(route))
    page.goto(served)
    transfer = page.get_by_test_id("transfer")
    expect(transfer).to_contain_text(re.compile(r"^\d+\.\d of \d+\.\d MB"), timeout=STARTED)
    expect(page.get_by_test_id("status")).to_have_text("Loading the model")
    expect(page.get_by_test_id("progress")).to_be_visible()
    arrived, total = re.findall(r"\d+\.\d", transfer.text_content() or "")[:2]
    assert float(arrived) < float(total) - 3  # the bar is that of the whole visit, less the model
    assert len(held) == 1


def test_a_notice_stays_until_it_is_dismissed(later: Page, served: str) -> None:
    visitor = Visitor(later).open(served)
    visitor.run(WITHOUT_STORE)
    notices = later.get_by_test_id("notices")
    expect(notices).to_contain_text("The model is not kept for the next visit")
    notices.get_by_role("button", name="Dismiss").click()
    expect(notices).to_be_empty()
