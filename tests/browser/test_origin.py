"""Our own PyScript page under the site's policy: one origin, no eval, no inline, any path.

The page under test is the smallest that embeds the runtime, so that what it needs is not hidden
by what our own page does. The watch is tested too: it must see what it is for.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.watching import Watch

HERE = Path(__file__).parent
EVERYTHING = "3.14 numpy 2.4.3 tokenizers 0.23.3 [9, 16] intab 0.1.0"
STARTED = 240_000  # ms; seconds on an idle machine


@pytest.fixture(scope="session", params=["", "deep/repo"], ids=["root", "sub-path"])
def integration(
    request: pytest.FixtureRequest, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The site with the page of integration/ beside it, at the root or under a sub-path."""
    root = tmp_path_factory.mktemp("integration")
    folder = root / request.param
    copy_site(site, folder)
    for file in (HERE / "integration").iterdir():
        shutil.copy2(file, folder)
    with serve_command(root) as address:
        yield f"{address}{request.param}".rstrip("/") + "/integration.html"


def test_pyscript_starts_our_runtime_in_a_worker_and_again_on_the_second_visit(
    integration: str, page: Page, watch: Watch
) -> None:
    for _ in range(2):
        page.goto(integration)
        expect(page.locator("#ready")).to_have_text(EVERYTHING, timeout=STARTED)
    watch.assert_clean(integration)


def test_the_page_is_isolated_where_the_headers_say_so(
    served: str, served_unisolated: str, page: Page
) -> None:
    states = {}
    for address in (served, served_unisolated):
        page.goto(address)
        states[address] = page.evaluate("crossOriginIsolated")
    assert states == {served: True, served_unisolated: False}


@pytest.mark.parametrize(
    "forbidden",
    ["eval('1')", "new Function('1')", "document.body.append(Object.assign("
     "document.createElement('style'), {textContent: 'p{}'}))"],
)  # fmt: skip
def test_the_policy_is_broken_by_eval_and_inline(
    served: str, page: Page, watch: Watch, forbidden: str
) -> None:
    page.goto(f"{served}licences.html")  # the policy is the same, and no Python starts
    with page.expect_event("console", lambda message: "Content Security" in message.text):
        # In a task of its own: the debugger that evaluates for Playwright stands above the policy.
        page.evaluate(f"() => {{ setTimeout(() => {{ try {{ {forbidden} }} catch {{}} }}) }}")
    assert watch.violations


def test_a_request_to_another_origin_is_seen_and_refused(
    served: str, served_unisolated: str, page: Page, watch: Watch
) -> None:
    page.goto(f"{served}licences.html")  # the policy is the same, and no Python starts
    with page.expect_event("console", lambda message: "Content Security" in message.text):
        page.evaluate("address => fetch(address).catch(() => 0)", served_unisolated)
    assert watch.violations
