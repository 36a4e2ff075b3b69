"""The browser's three stores keep the contract that all stores keep; Web Locks let one in."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.visitor import Visitor

CONTRACT = Path(__file__).parents[1] / "store_contract.py"
STORES = "from intab.browser.cache import BrowserStore, lock\n"
MEMORY = "from intab.browser.fetch import BrowserMemory\n"


@pytest.fixture(scope="module")
def opened(browser: Browser, served: str) -> Visitor:
    return Visitor(browser.new_page()).open(served)


@pytest.mark.parametrize("kind", ["cache", "opfs", "indexeddb"])
def test_the_contract(opened: Visitor, kind: str) -> None:
    program = CONTRACT.read_text() + STORES + MEMORY
    # The page has stored its default model by now, in the Cache API.
    call = (
        f"store = BrowserStore({kind!r})\n"
        "for left in await store.keys():\n    await store.delete(left)\n"
        "await hold_to_contract(store, BrowserMemory())\nprint('kept')\n"
    )
    assert opened.run(program + call) == "kept\n"


def test_what_is_stored_outlives_the_page(browser: Browser, served: str) -> None:
    context = browser.new_context()
    for kind in ("opfs", "indexeddb", "cache"):
        first = Visitor(context.new_page()).open(served)
        store = f"{STORES}{MEMORY}store = BrowserStore({kind!r})\n"
        first.run(store + "await store.put('=a/=b', BrowserMemory().encode('kept'))\n")
        first.page.close()
        second = Visitor(context.new_page()).open(served)
        assert second.run(store + "print((await store.match('=a/=b')).text())") == "kept\n"
        second.page.close()
    context.close()


HOLD = """
import asyncio
from intab.browser.cache import lock
async with lock("x"):
    print("held")
    await asyncio.sleep({seconds})
print("released")
"""


def test_two_tabs_hold_a_lock_one_after_the_other(browser: Browser, served: str) -> None:
    context = browser.new_context()
    one, two = (Visitor(context.new_page()).open(served) for _ in range(2))
    one.start(HOLD.format(seconds=1000))
    one.page.get_by_text("held").first.wait_for()
    two.start(HOLD.format(seconds=0))
    two.expect_state("running")
    one.button("stop").click()
    one.expect_state("ready", "stopped")
    two.expect_state("ready")
    assert two.printed() == "held\nreleased\n"
    context.close()


def test_waiting_for_a_lock_can_be_stopped(browser: Browser, served: str) -> None:
    context = browser.new_context()
    one, two = (Visitor(context.new_page()).open(served) for _ in range(2))
    one.start(HOLD.format(seconds=1000))
    one.page.get_by_text("held").first.wait_for()
    two.start(HOLD.format(seconds=0))
    two.expect_state("running")
    two.button("stop").click()
    two.expect_state("ready", "stopped")
    one.page.close()
    assert two.run(HOLD.format(seconds=0)) == "held\nreleased\n"
    context.close()


MISSING = """
import js
from intab.browser.cache import BrowserStore
{refuse}
try:
    await BrowserStore("cache").keys()
except Exception as exc:
    print(f"{{type(exc).__name__}}: {{exc}}")
"""


def test_a_store_that_is_not_there(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
    printed = visitor.run(MISSING.format(refuse="del js.caches"))
    assert "StorageError: the browser's storage cannot be used" in printed
