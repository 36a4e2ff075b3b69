"""What a program shows and asks in a real browser: pictures, tables, frames, tokens, controls."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import looked_at
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.browser.watching import Watch

EVERYTHING = """
    import intab
    import numpy as np
    from pyscript import display

    class Drawing:
        def _repr_svg_(self):
            return '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"/>'

    print("before")
    x, y = np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 48))
    intab.show(np.stack([x, y, 0 * x + 0.5], axis=-1))
    display(Drawing())
    intab.show(np.sin(np.arange(8000) / 5), rate=8000)
    intab.show([{"word": "fox", "times": 3}, {"word": "<b>den</b>", "times": 1}])
    model = await intab.load("default")
    intab.show(await model.generate("Once upon a time", max_new_tokens=12, seed=1, top_logprobs=5))
    print("after")
    6 * 7
"""
HOSTILE = """
    import intab

    class Page:
        def _repr_html_(self):
            return '''<h3 style="color: rgb(1, 2, 3)">Shown</h3>
    <style>h3 { letter-spacing: 7px } @import "/import.css";
    h3 { background: url(/css.png) }
    h3 { background: u\\72l(/refused.png) }</style>
    <script>parent.hacked = 1</script><img src=x onerror="parent.hacked = 2">
    <img src="/leak.png"><img srcset="/set.png 1x"><link rel=stylesheet href="/leak.css">
    <link rel=preconnect href="https://evil.example"><meta http-equiv=refresh content="0;url=/away">
    <iframe src="/inner"></iframe><object data="/object"></object><embed src="/embed">
    <base href="https://evil.example/"><form action="/form"><button>Go</button></form>
    <svg onload="parent.hacked = 3"><script>parent.hacked = 4</script></svg>
    <a href="javascript:parent.hacked = 5" target="_top" id="js">js</a>
    <a href="/away" target="_top" id="away">away</a>
    </body><body onload="parent.hacked = 6">'''

    intab.show(Page())
"""
# What it asks for, with and without the policy's help.
WRONG = re.compile(r"leak|set\.png|evil|away|inner|object|embed|\.css|css\.png|form|refused")


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    """One page for all; what it must never do is remembered."""
    page = returning.new_page()
    watch = Watch(page)
    visitor = Visitor(page).open(served)
    yield visitor
    # A hostile address that is written so that only the policy sees it: refused, and said so.
    watch.errors = [error for error in watch.errors if "/refused.png" not in error]
    watch.assert_clean(served)
    page.close()


def test_a_table_s_column_is_as_wide_as_its_longest_word(opened: Visitor) -> None:
    opened.run("import intab\nintab.show([{'tokens': 1, 'answer': 'once upon a time ' * 20}])")
    heads = opened.output.locator("th")
    wide, narrow = (head.evaluate("head => head.offsetHeight") for head in heads.all())
    assert wide == narrow < 50  # a line each


def test_each_form_is_shown_in_its_place(opened: Visitor) -> None:
    opened.run(EVERYTHING)
    shown = opened.output.locator("figure.shown")
    forms = shown.evaluate_all("all => all.map((one) => one.className)")
    assert forms == [f"shown {form}" for form in ("image", "image", "audio", "table", "tokens")]
    sizes = "images => images.map((image) => [image.naturalWidth, image.naturalHeight])"
    expect(shown.locator("img").first).to_have_js_property("complete", True)
    assert opened.output.locator("img").evaluate_all(sizes) == [[64, 48], [40, 20]]
    assert shown.nth(3).locator("td").all_text_contents() == ["fox", "3", "<b>den</b>", "1"]
    expect(shown.locator("audio")).to_have_js_property("duration", 1)
    printed = opened.printed()
    assert printed.startswith("before\n")
    assert printed.endswith("after\n42\n")


def test_a_token_tells_what_else_was_likely(opened: Visitor) -> None:
    tokens = opened.output.locator(".tokens button")
    assert tokens.count() == 12
    tokens.nth(2).hover()
    likeliest = opened.output.locator(".likeliest")
    expect(likeliest.locator("li")).to_have_count(5)
    tokens.first.focus()
    opened.page.keyboard.press("ArrowRight")
    expect(tokens.nth(1)).to_be_focused()
    name = (tokens.nth(1).text_content() or "").strip()
    expect(likeliest).to_contain_text(name)
    assert tokens.evaluate_all("all => all.filter((one) => one.tabIndex === 0).length") == 1


def test_what_is_shown_can_be_read_by_all(opened: Visitor) -> None:
    opened.output.evaluate("output => { output.scrollTop = 0; }")
    assert looked_at(opened.page, "shown-top") == []
    opened.output.evaluate("output => { output.scrollTop = output.scrollHeight; }")
    assert looked_at(opened.page, "shown") == []


def test_html_is_tame(opened: Visitor) -> None:
    """Nothing in it runs, loads or leads away; its looks stay."""
    page, asked = opened.page, []
    page.on("response", lambda response: asked.append(response.url))
    opened.run(HOSTILE)
    frame = opened.output.frame_locator("iframe")
    heading = frame.locator("h3")
    expect(heading).to_have_css("color", "rgb(1, 2, 3)")
    expect(heading).to_have_css("letter-spacing", "7px")
    before = page.url
    for name in ("#js", "#away", "button"):
        frame.locator(name).click()
    assert page.evaluate("window.hacked") is None
    assert page.url == before
    assert [url for url in asked if WRONG.search(url)] == []


def test_a_program_asks_and_stands_still(opened: Visitor) -> None:
    opened.start("name = input('Who are you? ')\nprint('Hello', name)")
    line = opened.output.get_by_label("Who are you?")
    expect(line).to_be_focused()
    assert looked_at(opened.page, "input") == []
    line.fill("Mia Ünver 🦊")
    line.press("Enter")
    opened.expect_state("ready")
    assert opened.printed() == "Who are you? Mia Ünver 🦊\nHello Mia Ünver 🦊\n"


def test_a_program_asks_with_await(opened: Visitor) -> None:
    opened.start("import intab\nprint('a')\nprint('Hello', await intab.input('Who? '))")
    line = opened.output.get_by_label("Who?")
    line.fill("Ben")
    line.press("Enter")
    opened.expect_state("ready")
    assert opened.printed() == "a\nWho? Ben\nHello Ben\n"


@pytest.mark.parametrize("asks", ["input()", "import intab\nawait intab.input()"])
def test_a_program_that_asks_can_be_stopped(opened: Visitor, asks: str) -> None:
    opened.start(asks)
    expect(opened.output.locator("form")).to_be_visible()
    opened.button("stop").click()
    opened.expect_state("ready")
    expect(opened.status).to_have_text("Stopped")
    expect(opened.output.locator("form")).to_have_count(0)
    assert opened.run("print('still here')") == "still here\n"


def test_controls_change_what_runs_and_begin_the_next_run(opened: Visitor) -> None:
    opened.start("""
        import asyncio, intab
        controls = intab.controls(warmth=(0, 10, 1), animal=["fox", "owl"])
        first = controls.warmth
        while controls.warmth == first and controls.animal == "fox":
            await asyncio.sleep(0.01)
        print(controls)
    """)
    drawn = opened.page.get_by_test_id("drawn")
    slider = drawn.get_by_label("warmth")
    expect(slider).to_be_visible()
    assert looked_at(opened.page, "controls") == []
    slider.fill("7")
    opened.expect_state("ready")
    assert opened.printed() == "warmth=7, animal='fox'\n"
    drawn.get_by_label("animal").select_option("owl")  # no program runs: it runs again
    expect(opened.output).to_have_text("warmth=7, animal='owl'\n")
    expect(slider).to_have_value("7")
    opened.start("input()")
    expect(opened.output.locator("form")).to_be_visible()
    expect(drawn).to_be_hidden()  # another program runs
    opened.button("stop").click()
    opened.expect_state("ready")


def test_a_line_of_text_begins_the_next_run_when_nobody_types(opened: Visitor) -> None:
    program = """
        import asyncio, intab
        controls = intab.controls(who="Mia")
        print(controls.who)
        while controls.who == "Tom":
            await asyncio.sleep(0.01)
    """
    assert opened.run(program) == "Mia\n"
    line = opened.page.get_by_test_id("drawn").get_by_label("who")
    line.fill("Tom")
    expect(opened.output).to_have_text("Tom\n")
    line.fill("Una")  # while it runs: it has its turn when that has ended
    expect(opened.output).to_have_text("Una\n")
    expect(line).to_be_focused()


def test_a_forgotten_await_has_a_sentence(opened: Visitor) -> None:
    opened.run("import intab\nmodel = await intab.load()\nmodel.generate('Once').text", "error")
    expect(opened.status).to_contain_text("write `await` before the call")
    printed = opened.run("import intab\nintab.load()\nprint('on')")
    assert "load(...) did nothing, since nobody waited for it" in printed


def test_a_package_of_the_site_is_there_when_it_is_imported(opened: Visitor) -> None:
    assert opened.run("import micropip\nprint(micropip.__name__)") == "micropip\n"
    opened.run("import pandas", "error")
    expect(opened.status).to_contain_text('make site PACKAGES="pandas"')


def test_without_isolation_input_says_what_to_do(browser: Browser, served_unisolated: str) -> None:
    for visitor in visits(browser, served_unisolated):
        visitor.run("input('Who? ')", "error")
        expect(visitor.status).to_contain_text("await intab.input()")
