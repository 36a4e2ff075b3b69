"""Choosing a model of the hub in the page, and talking with it: three steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserType, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import launch_args
from tests.support.fake_hub import REAL, SPKI, serving_hub
from tests.support.graphs import Form, write_model

NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
STARTED = 240_000  # ms


@pytest.fixture(scope="module")
def page(
    browser_type: BrowserType, tmp_path_factory: pytest.TempPathFactory, served: str
) -> Iterator[Page]:
    """Where the hub's names lead to ours, which has that model with tiny weights."""
    folder = write_model(tmp_path_factory.mktemp("hub") / "model", Form())
    (folder / "onnx/model.onnx").rename(folder / "onnx/model_quantized.onnx")
    with serving_hub(folder, REAL, tls=True, private=False, name=NAME) as hub:
        rules = f"--host-resolver-rules={hub.rules}, MAP *.hf.co ~NOTFOUND"
        trusted = f"--ignore-certificate-errors-spki-list={SPKI}"
        browser = browser_type.launch(**launch_args(rules, trusted))
        page = browser.new_page()
        page.goto(served)
        yield page
        browser.close()


def test_a_model_is_chosen_and_answers(page: Page) -> None:
    expect(page.get_by_test_id("status")).to_have_text("Ready", timeout=STARTED)
    page.get_by_test_id("choose-model").click()
    page.get_by_role("button", name="Use SmolLM2 135M").click()
    page.get_by_test_id("said").fill("Hello")
    page.get_by_test_id("said").press("Enter")
    expect(page.get_by_test_id("chat-stop")).to_be_disabled(timeout=STARTED)
    expect(page.locator(".error")).to_have_count(0)
    expect(page.locator(".assistant .body")).not_to_be_empty()
    expect(page.get_by_test_id("device")).to_contain_text(NAME)
    expect(page.get_by_test_id("instructions")).to_be_visible()


def test_the_program_of_a_chat_has_its_messages(page: Page) -> None:
    page.get_by_test_id("open-as-program").click()
    editor = page.get_by_test_id("editor")
    expect(editor).to_contain_text(f'intab.load("{NAME}")')
    expect(editor).to_contain_text('{"role": "user", "content": "Hello"},')
    page.get_by_test_id("view-chat").click()


def test_one_is_named_and_looked_up_before_it_is_downloaded(page: Page) -> None:
    page.get_by_test_id("choose-model").click()
    expect(page.get_by_test_id("offered")).to_contain_text("stored")
    message = page.get_by_test_id("models-message")
    name = page.get_by_test_id("model-name")
    for wrong, says in (("smollm", "owner/name"), ("nobody/nothing", "The hub has no model")):
        name.fill(wrong)
        name.press("Enter")
        expect(message).to_contain_text(says)
    name.fill(f"https://huggingface.co/{NAME}")
    page.get_by_test_id("look-up").click()
    expect(page.get_by_test_id("found")).to_contain_text("licence: apache-2.0")
    assert violations(page) == []
    page.keyboard.press("Escape")


def test_what_cannot_be_had_is_said_and_the_page_goes_on(page: Page) -> None:
    page.evaluate("localStorage.setItem('intab.model', 'nobody/nothing')")
    page.reload()
    expect(page.get_by_test_id("status")).to_contain_text("nobody/nothing", timeout=STARTED)
    page.get_by_test_id("said").fill("Hello")
    page.get_by_test_id("said").press("Enter")
    expect(page.locator(".error p")).to_contain_text("nobody/nothing")
    expect(page.locator(".error details")).not_to_have_attribute("open", "")
    page.get_by_test_id("choose-model").click()
    page.get_by_role("button", name="Use Story-teller").click()
    page.get_by_role("button", name="Again").click()
    expect(page.get_by_test_id("chat-stop")).to_be_disabled(timeout=STARTED)
    expect(page.locator(".error")).to_have_count(0)
