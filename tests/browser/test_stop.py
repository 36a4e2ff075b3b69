"""Stop: a generation within one token, a loop that never awaits, a program that will not listen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visitor import STARTED, Visitor, slowness, visits

ENDLESS = """
    import intab
    model = await intab.load("default")
    shown = 0
    while True:
        async for chunk in model.stream("Once upon a time", max_new_tokens=400):
            print(end="#")
"""


@pytest.fixture(scope="module")
def opened(browser: Browser, served: str) -> Iterator[Visitor]:
    yield from visits(browser, served)


def stop_and_time(visitor: Visitor) -> float:
    """Seconds from the click on Stop to the end of the program, measured in the page."""
    visitor.page.evaluate(
        """() => {
            const status = document.querySelector('[data-testid=status]');
            document.querySelector('[data-testid=stop]').addEventListener('click', () => {
                const begin = performance.now();
                new MutationObserver((_, observer) => {
                    if (status.dataset.state === 'running') return;
                    window.stopTook = performance.now() - begin;
                    observer.disconnect();
                }).observe(status, { attributes: true });
            }, { once: true, capture: true });
        }"""
    )
    visitor.button("stop").click()
    visitor.expect_state("ready")
    return float(visitor.page.evaluate("window.stopTook")) / 1000


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
        except (asyncio.CancelledError, KeyboardInterrupt):  # the latter on a slow machine
            print("stopped", flush=True)
            raise
        """
    )
    expect(opened.output).to_contain_text("#####", timeout=STARTED)
    assert stop_and_time(opened) < 1.0 * slowness(opened.page)
    expect(opened.output).to_contain_text("stopped")
    expect(opened.status).to_have_text("Stopped")


def test_the_model_is_free_after_a_stop(opened: Visitor) -> None:
    opened.start(ENDLESS)
    expect(opened.output).to_contain_text("#", timeout=STARTED)
    stop_and_time(opened)
    program = "import intab\nmodel = await intab.load('default')\n"
    program += "print(len((await model.generate('Once', max_new_tokens=5, do_sample=False)).ids))"
    assert opened.run(program) == "5\n"


@pytest.mark.parametrize(
    "program",
    ["print('on')\nwhile True: pass", "print('on')\nimport time\nwhile True: time.sleep(0.01)"],
    ids=["busy", "sleeping"],
)
def test_a_loop_that_never_awaits_ends_within_a_second(opened: Visitor, program: str) -> None:
    opened.start(program)
    expect(opened.output).to_contain_text("on")
    assert stop_and_time(opened) < 1.0 * slowness(opened.page)
    expect(opened.status).to_have_text("Stopped")
    assert opened.run("print('next')") == "next\n"


def test_stop_right_after_run(opened: Visitor) -> None:
    opened.write("while True: pass")
    opened.page.evaluate(
        "for (const name of ['run', 'stop'])"
        " document.querySelector(`[data-testid=${name}]`).click()"
    )
    opened.expect_state("ready")
    assert opened.run("print('next')") == "next\n"


def test_a_program_that_heeds_nothing_gets_python_restarted(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
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
    page: Page, served_unisolated: str
) -> None:
    visitor = Visitor(page).open(served_unisolated)
    expect(visitor.device).to_contain_text("wasm, 1 thread")
    expect(visitor.device).to_contain_text("not cross-origin isolated")
    visitor.start("print('on')\nwhile True: pass")
    expect(visitor.output).to_contain_text("on")
    visitor.button("stop").click()
    expect(visitor.output).to_contain_text("not cross-origin isolated")
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.run("print('next')") == "next\n"


def test_without_isolation_a_generation_still_stops_by_message(
    page: Page, served_unisolated: str
) -> None:
    visitor = Visitor(page).open(served_unisolated)
    visitor.start(ENDLESS)
    # Until the browser has compiled what runs, a step may take longer than the page waits.
    expect(visitor.output).to_contain_text("#" * 150, timeout=STARTED)
    visitor.button("stop").click()
    visitor.expect_state("ready")
    expect(visitor.status).to_have_text("Stopped")


@pytest.mark.parametrize(
    "broken",
    ["import builtins\nbuiltins.len = None", "import signal\nsignal.signal(2, signal.SIG_IGN)"],
    ids=["builtins", "signals"],
)
def test_restart_gives_a_fresh_python(page: Page, served: str, broken: str) -> None:
    visitor = Visitor(page).open(served)
    visitor.start(broken)
    visitor.expect_state("running", "ready", "error")
    visitor.button("restart").click()
    expect(visitor.output).to_contain_text("Python was restarted; your program is still here.")
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.text() == broken + "\n"
    fresh = "import signal\nprint(len([1]), signal.getsignal(2) is signal.SIG_IGN)"
    assert visitor.run(fresh) == "1 False\n"


def test_restart_ends_a_running_program(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
    visitor.start("print('on')\nwhile True: pass")
    expect(visitor.output).to_contain_text("on")
    visitor.button("restart").click()
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.run("print('next')") == "next\n"
