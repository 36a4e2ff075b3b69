"""Stop: a generation within one token, a loop that never awaits, a program that will not listen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.returning import Returning
from tests.browser.visitor import STARTED, Pages, Visitor

ENDLESS = """
    import intab
    model = await intab.load("default")
    shown = 0
    while True:
        async for chunk in model.stream("Once upon a time", max_new_tokens=400):
            print(end="#")
"""


# The page's patience, which a slow machine would try: here a test interrupts the program, once and
# when it likes, and no program is given up but where the page is hasty again.
BY_HAND = """
const { setInterval: every, setTimeout: after } = globalThis;
globalThis.isHasty = false;
globalThis.setInterval = (work, ms, ...rest) =>
  ms === 300 && !isHasty ? ((globalThis.interrupt = work), 0) : every(work, ms, ...rest);
globalThis.setTimeout = (work, ms, ...rest) =>
  [900, 3000].includes(ms) && !isHasty ? 0 : after(work, ms, ...rest);
"""


def by_hand(pages: Pages, address: str) -> Iterator[Visitor]:
    page = pages.new_page()
    page.add_init_script(BY_HAND)
    yield Visitor(page).open(address)
    page.close()


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    yield from by_hand(returning, served)


@pytest.fixture(scope="module")
def unisolated(browser: Browser, served_unisolated: str) -> Iterator[Visitor]:
    yield from by_hand(browser, served_unisolated)


@pytest.fixture
def hasty(opened: Visitor) -> Iterator[Visitor]:
    """The same page, with its own patience."""
    opened.page.evaluate("isHasty = true")
    yield opened
    opened.page.evaluate("isHasty = false")


def stop(visitor: Visitor, *, interrupt: bool = False) -> None:
    """By the page's message alone, or by one interrupt too."""
    visitor.button("stop").click()
    if interrupt:
        visitor.page.evaluate("interrupt()")
    visitor.expect_state("ready")
    expect(visitor.status).to_have_text("Stopped")


def test_a_generation_ends_within_a_token(opened: Visitor) -> None:
    """At the await of the token that was being computed, and nothing is computed after it."""
    opened.start(
        """
        import asyncio
        import intab
        model = await intab.load("default")
        try:
            while True:
                async for chunk in model.stream("Once upon a time", max_new_tokens=400):
                    print(end="#")
        except asyncio.CancelledError:
            print("stopped", flush=True)
            raise
        """
    )
    expect(opened.output).to_contain_text("#####", timeout=STARTED)
    stop(opened)
    expect(opened.output).to_contain_text("stopped")


def test_the_model_is_free_after_a_stop(opened: Visitor) -> None:
    opened.start(ENDLESS)
    expect(opened.output).to_contain_text("#", timeout=STARTED)
    stop(opened)
    program = "import intab\nmodel = await intab.load('default')\n"
    program += "print(len((await model.generate('Once', max_new_tokens=5, do_sample=False)).ids))"
    assert opened.run(program) == "5\n"


@pytest.mark.parametrize(
    "program",
    ["print('on')\nwhile True: pass", "print('on')\nimport time\nwhile True: time.sleep(0.01)"],
    ids=["busy", "sleeping"],
)
def test_a_loop_that_never_awaits_ends_by_one_interrupt(opened: Visitor, program: str) -> None:
    opened.start(program)
    expect(opened.output).to_contain_text("on")
    stop(opened, interrupt=True)
    assert opened.run("print('next')") == "next\n"


def test_stop_right_after_run(hasty: Visitor) -> None:
    """An interrupt before the program's first line ends nothing: the page sends more of them."""
    hasty.write("while True: pass")
    hasty.page.evaluate(
        "for (const name of ['run', 'stop'])"
        " document.querySelector(`[data-testid=${name}]`).click()"
    )
    hasty.expect_state("ready")
    assert hasty.run("print('next')") == "next\n"


def test_a_program_that_heeds_nothing_gets_python_restarted(hasty: Visitor) -> None:
    visitor = hasty
    program = "print('on')\nwhile True:\n    try:\n        while True: pass\n"
    program += "    except KeyboardInterrupt: pass\n"
    visitor.start(program)
    expect(visitor.output).to_contain_text("on")
    visitor.button("stop").click()
    expect(visitor.output).to_contain_text(
        "Python was restarted: it did not react to the interrupt"
    )
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.text() == program
    assert visitor.run("print('next')") == "next\n"


def test_without_isolation_python_is_restarted_and_the_page_says_so(
    unisolated: Visitor,
) -> None:
    visitor = unisolated
    expect(visitor.device).to_contain_text("wasm, 1 thread")
    expect(visitor.device).to_contain_text("not cross-origin isolated")
    visitor.start("print('on')\nwhile True: pass")
    expect(visitor.output).to_contain_text("on")
    visitor.page.evaluate("isHasty = true")
    visitor.button("stop").click()
    expect(visitor.output).to_contain_text("not cross-origin isolated")
    visitor.page.evaluate("isHasty = false")
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.run("print('next')") == "next\n"


def test_without_isolation_a_generation_still_stops_by_message(unisolated: Visitor) -> None:
    visitor = unisolated
    visitor.start(ENDLESS)
    expect(visitor.output).to_contain_text("#", timeout=STARTED)
    stop(visitor)


@pytest.mark.parametrize(
    "broken",
    ["import builtins\nbuiltins.len = None", "import signal\nsignal.signal(2, signal.SIG_IGN)"],
    ids=["builtins", "signals"],
)
def test_restart_gives_a_fresh_python(opened: Visitor, broken: str) -> None:
    visitor = opened
    visitor.start(broken)
    visitor.expect_state("running", "ready", "error")
    visitor.button("restart").click()
    expect(visitor.output).to_contain_text("Python was restarted; your program is still here.")
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.text() == broken + "\n"
    fresh = "import signal\nprint(len([1]), signal.getsignal(2) is signal.SIG_IGN)"
    assert visitor.run(fresh) == "1 False\n"


def test_restart_ends_a_running_program(opened: Visitor) -> None:
    visitor = opened
    visitor.start("print('on')\nwhile True: pass")
    expect(visitor.output).to_contain_text("on")
    visitor.button("restart").click()
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.run("print('next')") == "next\n"
