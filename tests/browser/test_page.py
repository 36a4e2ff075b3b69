"""The main job in a real browser: open the page, change the Python, read what the model writes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.visitor import STARTED, Visitor
from tests.browser.watching import Watch

STREAM = """
    import intab
    model = await intab.load("default")
    async for chunk in model.stream("Once upon a time", max_new_tokens=200, do_sample=False):
        print(chunk, end="")
"""


LONG_TASKS = (
    "window.longTasks = [];"
    "new PerformanceObserver((list) => longTasks.push(...list.getEntries()))"
    ".observe({ entryTypes: ['longtask'] });"
)


@pytest.fixture(scope="module")
def opened(browser: Browser, served: str) -> Visitor:
    """One page for the tests that leave it as they found it."""
    return Visitor(browser.new_page()).open(served)


def test_a_first_visit(page: Page, served: str, watch: Watch) -> None:
    """Nothing is done but what a new user does: open, read, press Run, read."""
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


def test_editing_keeps_to_the_policy(page: Page, served: str, watch: Watch) -> None:
    """Chromium's own editing of rich text would insert inline styles."""
    visitor = Visitor(page).open(served)
    visitor.write("for n in range(2):\n    print('filled')")
    visitor.editor.press("Control+End")
    page.keyboard.type("for n in range(2):\nprint(n)\n", delay=5)
    page.keyboard.press("Backspace")
    page.keyboard.type("print('typed')")
    visitor.editor.press("Control+Enter")
    expect(visitor.output).to_have_text("filled\nfilled\n0\n1\ntyped\n")
    watch.assert_clean(served)


def test_run_while_loading_waits_and_runs(page: Page, served: str) -> None:
    visitor = Visitor(page)
    page.goto(served)
    visitor.expect_state("loading")
    visitor.start("print('patience')")
    expect(visitor.output).to_have_text("patience\n", timeout=STARTED)


def test_stop_takes_back_a_run_that_waits(page: Page, served: str) -> None:
    visitor = Visitor(page)
    page.goto(served)
    visitor.start("print('never')")
    visitor.button("stop").click()
    expect(visitor.button("run")).to_be_enabled()
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.printed() == ""


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
    page.route("**/pyodide.asm.wasm", lambda route: held.append(route))
    page.goto(served)
    visitor = Visitor(page)
    expect(visitor.status).to_have_text("Starting Python and loading its packages", timeout=STARTED)
    bar = page.get_by_test_id("progress")
    expect(bar).to_be_visible()
    moving = "bar => [bar.matches(':indeterminate'), getComputedStyle(bar).animationName]"
    assert bar.evaluate(moving) == [True, "moving"]
    page.emulate_media(reduced_motion="reduce")
    assert bar.evaluate(moving) == [True, "none"]
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
    expect(transfer).to_contain_text(re.compile(r"^0\.\d of \d+\.\d MB"), timeout=STARTED)
    expect(page.get_by_test_id("status")).to_have_text("Loading the model")
    expect(page.get_by_test_id("progress")).to_be_visible()
    assert len(held) == 1


WITHOUT_STORE = """
    import intab, js
    js.Object.defineProperty(js.globalThis, "caches", js.Object.new())
    await intab.load("default", dtype="q8")
"""


def test_a_notice_stays_until_it_is_dismissed(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
    visitor.run(WITHOUT_STORE)
    notices = page.get_by_test_id("notices")
    expect(notices).to_contain_text("The model is not kept for the next visit")
    notices.get_by_role("button", name="Dismiss").click()
    expect(notices).to_be_empty()


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


def test_an_edit_survives_a_reload(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
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
    assert opened.text() == "print('mine')\n"
    opened.editor.press("Control+z")
    assert "red balloon" in opened.text()


def test_two_tabs_keep_each_other_s_edits(page: Page, served: str) -> None:
    page.goto(served)
    other = page.context.new_page()
    other.goto(served)
    Visitor(page).write("print('first tab')")
    elsewhere = Visitor(other)
    elsewhere.choose("Chat")
    elsewhere.write("print('second tab')")
    page.reload()
    assert Visitor(page).text() == "print('second tab')\n"
    Visitor(page).choose("Continue a story")
    assert Visitor(page).text() == "print('first tab')\n"


@pytest.mark.parametrize(
    ("title", "says"),
    [
        ("Continue a story", "red balloon"),
        ("Chat", "Where did Mia go"),
        ("Prompts from a list", "tokens a second"),
        ("Your own logits", "Tom and his friend"),
        ("Temperatures", "--- temperature 1.2"),
    ],
)
def test_every_example_runs(opened: Visitor, title: str, says: str) -> None:
    opened.choose(title)
    opened.button("run").click()
    opened.expect_state("ready")
    assert says in opened.printed()
    assert len(opened.printed()) > 120


def test_the_page_s_thread_is_never_blocked_for_50_ms(page: Page, served: str) -> None:
    """The Long Tasks API reports every task of 50 ms or more on the page's thread.

    A busy machine may take the page's thread away for as long; what blocks it does so each time.
    """
    page.add_init_script(LONG_TASKS)
    visitor = Visitor(page).open(served)
    visitor.write(STREAM)
    worst = []
    for _ in range(3):
        page.evaluate("longTasks.length = 0")
        visitor.button("run").click()
        visitor.expect_state("ready")
        worst.append(page.evaluate("Math.max(0, ...longTasks.map((task) => task.duration))"))
    assert min(worst) == 0, worst


@pytest.mark.parametrize(
    "program", ["for i in range(100_000): print(i)", "for i in range(40_000): print(end='word ')"]
)
def test_a_flood_of_output_does_not_block_the_page(page: Page, served: str, program: str) -> None:
    page.add_init_script(LONG_TASKS)
    visitor = Visitor(page).open(served)
    page.evaluate("longTasks.length = 0")
    visitor.run(program)
    # A click and a busy machine can each take a moment; laying out all of it took 300 ms.
    assert page.evaluate("Math.max(0, ...longTasks.map((task) => task.duration))") < 100


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
    ("program", "end"),
    [
        ("print('x' * 5_000_000, end='!')", "xx!"),
        ("for i in range(200_000): print(i)", "199998\n199999\n"),
        ("print('first')\nfor i in range(150_000): print(i)\nprint('last')", "149999\nlast\n"),
    ],
    ids=["one-piece", "many-lines", "mixed"],
)
def test_of_too_much_output_the_end_is_kept(opened: Visitor, program: str, end: str) -> None:
    printed = opened.run(program)
    assert printed.startswith("… earlier output dropped\n")
    assert printed.endswith(end)
    assert 200_000 <= len(printed) < 200_100


def test_keyboard_alone(page: Page, served: str) -> None:
    """Tab reaches every control in reading order; Escape then Tab leaves the editor."""
    visitor = Visitor(page).open(served)
    names = []
    for _ in range(10):
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.shadowRoot ?? document)"
            ".activeElement.textContent.trim().slice(0, 12)"
        )
        names.append(focused)
    assert names[:3] == ["Stored model", "Reset exampl", "Continue a s"]
    assert names[6] == "Temperatures"
    assert names[8:10] == ["Run", "Restart Pyth"]
    visitor.button("run").focus()
    page.keyboard.press("Enter")
    visitor.expect_state("running", "ready")


def test_what_a_screen_reader_is_told(opened: Visitor) -> None:
    page = opened.page
    for name in ("Run", "Stop", "Reset example", "Restart Python"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name=re.compile("Python program"))).to_be_visible()
    expect(page.get_by_role("log", name="Output")).to_be_visible()
    expect(page.get_by_role("status")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("intab")
    expect(page.get_by_role("navigation", name="Example programs")).to_be_visible()
