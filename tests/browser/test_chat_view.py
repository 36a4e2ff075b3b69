"""The Chat view: a first visit, edits, chats that are kept, what goes wrong, what can be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.watching import Watch

SHOTS = Path(__file__).resolve().parents[2] / "build/screenshots"
STARTED = 240_000  # ms
STARTER = "Once upon a time, a little fox found a red balloon."

# As a visitor who presses Stop before the answer ends, however slow the test is.
STOP_AT_ONCE = """() => {
  const stop = document.querySelector("[data-testid=chat-stop]");
  const press = (_, observer) => {
    if (stop.disabled) return;
    observer.disconnect();
    stop.focus();
    stop.click();
  };
  new MutationObserver(press).observe(stop, { attributes: true });
}"""


@pytest.fixture(scope="module")
def visit(browser: Browser, served: str) -> Iterator[Watch]:
    """A first visitor's page, which all of these tests go on with."""
    watch = Watch(browser.new_page())
    watch.page.goto(served)
    yield watch
    watch.page.close()


def expect_answer(page: Page) -> None:
    """Wait for the end of an answer, and for the frame in which it is drawn."""
    expect(page.get_by_test_id("chat-stop")).to_be_disabled(timeout=STARTED)
    expect(page.locator(".assistant .body").last).to_have_text(re.compile(r"\w.{20}", re.DOTALL))


def focused(page: Page) -> str | None:
    found: str | None = page.evaluate("document.activeElement.dataset.testid ?? null")
    return found


def test_one_can_type_before_python_is_there_and_read_an_answer(visit: Watch, served: str) -> None:
    page = visit.page
    box = page.get_by_test_id("said")
    box.fill(STARTER)
    box.press("Enter")
    expect(page.locator(".user .body")).to_have_text(STARTER)
    assert focused(page) == "said"
    expect_answer(page)
    expect(page.locator("header")).to_contain_text("Private and free")
    expect(page.get_by_test_id("model-is")).to_contain_text("6 million parameters")
    expect(page.get_by_test_id("device-word")).to_have_text(
        "Runs on this device's processor, with 8-bit weights."
    )
    page.get_by_text("Figures").click()
    expect(page.locator(".figures p")).to_contain_text("new tokens")
    visit.assert_clean(served)


def test_the_program_that_wrote_it_can_be_opened_and_run(visit: Watch) -> None:
    page = visit.page
    page.get_by_test_id("open-as-program").click()
    editor = page.get_by_test_id("editor")
    expect(editor).to_contain_text('model = await intab.load("default")')
    expect(editor).to_contain_text(f'text = "{STARTER}"')
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("status")).to_have_text("Ready", timeout=STARTED)
    assert len(page.get_by_test_id("output").text_content() or "") > 20
    page.get_by_test_id("view-chat").click()


def test_it_is_a_program_of_one_s_own(visit: Watch) -> None:
    """No example is written over, nor what the visitor made of it; the same one is there once."""
    page = visit.page
    page.get_by_test_id("open-as-program").click()
    current = page.get_by_test_id("open-gallery")
    expect(current).to_have_text("Program: From the chat")
    page.get_by_test_id("editor").get_by_role("textbox").press("Control+End")
    page.keyboard.type("# mine")
    page.get_by_test_id("view-chat").click()
    page.get_by_test_id("open-as-program").click()
    expect(current).to_have_text("Program: From the chat 2")
    expect(page.get_by_test_id("editor")).not_to_contain_text("# mine")
    current.click()
    examples = page.get_by_test_id("examples")
    expect(examples.locator("[data-edited]")).to_have_count(0)
    examples.get_by_role("button", name="From the chat", exact=True).click()
    expect(page.get_by_test_id("editor")).to_contain_text("# mine")
    assert focused(page) == "open-gallery"
    page.get_by_test_id("view-chat").click()


def test_a_message_is_edited_and_sent_again(visit: Watch) -> None:
    page = visit.page
    page.get_by_role("button", name="Edit").click()
    box = page.get_by_test_id("said")
    expect(box).to_have_value(STARTER)
    expect(page.get_by_test_id("editing")).to_be_visible()
    box.fill('A boy said: "Hello\\n" \U0001f98a')
    page.evaluate(STOP_AT_ONCE)
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("chat-stop")).to_be_disabled(timeout=STARTED)
    assert focused(page) == "said"
    expect(page.locator(".user .body")).to_have_text('A boy said: "Hello\\n" \U0001f98a')
    expect(page.locator(".turn")).to_have_count(2)


def test_chats_are_kept_in_the_browser(visit: Watch) -> None:
    page = visit.page
    page.get_by_test_id("new-chat").click()
    expect(page.locator(".turn")).to_have_count(0)
    page.reload()
    chats = page.get_by_test_id("chats")
    expect(chats).to_be_visible()
    chats.select_option(label='A boy said: "Hello\\n" \U0001f98a')
    expect(page.locator(".turn")).to_have_count(2)
    page.get_by_test_id("delete-chat").click()
    page.get_by_role("button", name="Really delete?").click()
    expect(chats).to_be_hidden()


def test_a_full_storage_is_said_and_nothing_is_lost(visit: Watch) -> None:
    page = visit.page
    page.evaluate(
        "() => { IDBObjectStore.prototype.put = () => {"
        "  throw new DOMException('', 'QuotaExceededError') } }"
    )
    page.get_by_role("button", name="One day, Mia").click()
    expect(page.get_by_test_id("notices")).to_contain_text("the browser's storage is full")
    expect_answer(page)
    expect(page.locator(".turn")).to_have_count(2)
    page.get_by_role("button", name="Dismiss").first.click()


def test_a_pasted_megabyte_is_read_from_its_end_and_shown_folded(visit: Watch) -> None:
    page = visit.page
    page.get_by_test_id("new-chat").click()
    page.get_by_test_id("said").fill("word " * 200_000)
    page.get_by_test_id("send").click()
    expect(page.locator(".user details summary")).to_have_text("996,000 more characters")
    expect_answer(page)
    expect(page.locator(".error")).to_have_count(0)


HOSTILE = (
    """
# A <b onclick=alert(1)>title</b>

<script>window.ran = 1</script> <img src=x onerror="window.ran = 1"> <iframe src="https://evil.example">

![p](https://evil.example/p.png) [a](javascript:window.ran=1) [b](data:text/html,x) [c](https://evil.example/c)

<style>body { display: none }</style>

- one
  - two

```html
<script>window.ran = 1</script>
```

"""
    + "> " * 3000
    + "deep\n\n"
    + "*a _b " * 300
)

# Streams a text as 200 tokens, one a frame; what of it was made, and the tasks above 50 ms.
STREAM = """async ([address, text]) => {
    const { Markdown } = await import(address);
    const host = document.createElement("div");
    document.querySelector("[data-testid=talk]").append(host);
    const long = [];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries()));
    observer.observe({ type: "longtask" });
    const markdown = new Markdown(host);
    for (let i = 1; i <= 200; i++) {
        markdown.update(text.slice(0, Math.round((text.length * i) / 200)));
        await new Promise(requestAnimationFrame);
    }
    const whole = document.createElement("div");
    new Markdown(whole).update(text);
    const told = ({ href, rel, dataset }) => [href, rel, dataset.address];
    const links = [...host.querySelectorAll("a")].map(told);
    const tags = [...new Set([...host.querySelectorAll("*")].map((one) => one.tagName))];
    const same = host.innerHTML === whole.innerHTML;
    host.remove();
    return { made: markdown.made, long: long.map((one) => one.duration), links, tags, same };
}"""
REST = "noopener noreferrer nofollow"


def streamed(page: Page, site: Path, text: str) -> Any:
    [module] = (site / "assets").glob("blocks-*.mjs")
    return page.evaluate(STREAM, [f"./assets/{module.name}", text])


def test_what_a_model_writes_runs_and_loads_nothing(visit: Watch, site: Path, served: str) -> None:
    told = streamed(visit.page, site, HOSTILE)
    assert told["links"] == [
        ["https://evil.example/p.png", REST, "evil.example"],
        ["https://evil.example/c", REST, "evil.example"],
    ]
    assert not {"SCRIPT", "IMG", "IFRAME", "STYLE", "B"} & set(told["tags"])
    assert visit.page.evaluate("window.ran") is None
    visit.assert_clean(served)


def test_of_an_answer_that_comes_in_the_last_block_alone_is_made_again(
    visit: Watch, site: Path
) -> None:
    parts = ["## Part", "Some *words* and `code`.", "- a\n- b\n", "```py\nprint(1)\n\nx = 2\n```"]
    told = streamed(visit.page, site, "\n\n".join(parts * 10))
    print(f"tasks above 50 ms: {told['long']}")
    assert told["same"]
    assert told["made"] <= 3 * 200  # of the forty blocks, at each of 200 tokens


def test_it_can_be_read_by_all(visit: Watch) -> None:
    """axe-core finds nothing in either view, in both colours, nor in the dialogs."""
    page = visit.page
    SHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for view in ("program", "chat"):
            page.get_by_test_id(f"view-{view}").click()
            assert violations(page) == [], (scheme, view)
        for opener, dialog in (("choose-model", "models"), ("open-panel", "panel")):
            page.get_by_test_id(opener).click()
            expect(page.get_by_test_id(dialog)).to_be_visible()
            page.screenshot(path=SHOTS / f"{dialog}-{scheme}.png")
            assert violations(page) == [], (scheme, dialog)
            page.keyboard.press("Escape")
            assert focused(page) == opener


@pytest.mark.parametrize(("width", "height"), [(360, 740), (640, 380), (1280, 760)])
def test_it_fits(visit: Watch, width: int, height: int) -> None:
    page = visit.page
    page.set_viewport_size({"width": width, "height": height})
    page.screenshot(path=SHOTS / f"chat-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for hook in ("said", "send", "choose-model"):
        page.get_by_test_id(hook).scroll_into_view_if_needed()
        expect(page.get_by_test_id(hook)).to_be_in_viewport(ratio=1)


def test_the_address_chooses_the_view_and_it_is_remembered(visit: Watch, served: str) -> None:
    page = visit.page
    page.goto(f"{served}#program")
    expect(page.get_by_test_id("editor")).to_be_visible()
    page.goto(f"{served}#chat")
    expect(page.get_by_test_id("said")).to_be_visible()
    page.get_by_test_id("view-program").click()
    page.goto(f"{served}?")
    expect(page.get_by_test_id("editor")).to_be_visible()
    expect(page.get_by_test_id("view-program")).to_have_attribute("aria-current", "true")


def test_the_page_can_be_installed_and_shown_to_others(visit: Watch, served: str) -> None:
    page = visit.page
    manifest = page.request.get(f"{served}manifest.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    for name in ("icon.svg", "card.png", "README.md", "CHANGELOG.md", "models/default/README.md"):
        assert page.request.get(f"{served}{name}").ok, name
    expect(page.get_by_role("link", name=re.compile(r"Version \d"))).to_be_visible()
    visit.assert_clean(served)
