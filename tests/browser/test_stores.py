"""The browser's three stores keep the contract that all stores keep; Web Locks let one in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits

CONTRACT = Path(__file__).parents[1] / "support" / "store_contract.py"
STORES = "from intab.browser.cache import BrowserStore, lock\n"
MEMORY = "from intab.browser.fetch import BrowserMemory\n"


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    yield from visits(returning, served)


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


def test_what_is_stored_outlives_the_page(later: Page, served: str) -> None:
    kinds = f"{STORES}{MEMORY}for kind in ('cache', 'opfs', 'indexeddb'):\n"
    visitor = Visitor(later).open(served)
    put = "    await BrowserStore(kind).put('=a/=b', BrowserMemory().encode(kind))\n"
    visitor.run(kinds + put)
    visitor.open(served)
    read = "    print((await BrowserStore(kind).match('=a/=b')).text())\n"
    assert visitor.run(kinds + read) == "cache\nopfs\nindexeddb\n"


DRAFTS = """
import js
from pyodide.ffi import JsException
from intab.browser.cache import BrowserStore
root = await js.navigator.storage.getDirectory()
root = await root.getDirectoryHandle("intab-models-1", create=True)
"""
LEAVE = """
for left in await BrowserStore("opfs").keys():  # by another test, in a page of this visitor's
    await BrowserStore("opfs").delete(left)
drafts = await root.getDirectoryHandle(".drafts", create=True)
stream = await (await drafts.getFileHandle("left", create=True)).createWritable()
await stream.write("half")
"""
# The page that was left writes no more: its worker ends when the browser likes.
FREED = """async () => {
  let folder = await navigator.storage.getDirectory();
  for (const name of ["intab-models-1", ".drafts"]) folder = await folder.getDirectoryHandle(name);
  const file = await folder.getFileHandle("left");
  return file.move("freed").then(() => true, () => false);
}"""
LOOK = """
print(await BrowserStore("opfs").keys())
try:
    await root.getDirectoryHandle(".drafts")
except JsException as exc:
    print(exc.name)
"""


def test_what_a_killed_page_was_writing_is_neither_listed_nor_left(
    later: Page, served: str
) -> None:
    visitor = Visitor(later).open(served)
    visitor.run(DRAFTS + LEAVE)
    later.goto(f"{served}licences.html")
    later.wait_for_function(FREED)
    visitor.open(served)
    assert visitor.run(DRAFTS + LOOK) == "[]\nNotFoundError\n"


HOLD = """
import asyncio
from intab.browser.cache import lock
async with lock("x"):
    print("held")
    await asyncio.sleep({seconds})
print("released")
"""


def test_two_tabs_hold_a_lock_one_after_the_other_and_waiting_can_be_stopped(
    returning: Returning, served: str
) -> None:
    one, two = (Visitor(returning.new_page()).open(served) for _ in range(2))
    one.start(HOLD.format(seconds=1000))
    one.page.get_by_text("held").first.wait_for()
    for _ in range(2):
        two.start(HOLD.format(seconds=0))
        two.expect_state("running")
        two.button("stop").click()
        two.expect_state("ready", "stopped")
        assert two.printed() == ""
    two.start(HOLD.format(seconds=0))
    two.expect_state("running")
    one.page.close()  # killed while it holds the lock
    two.expect_state("ready")
    assert two.printed() == "held\nreleased\n"
    two.page.close()


MISSING = """
import js
from intab.browser.cache import BrowserStore
js.Object.defineProperty(js.globalThis, "caches", js.Object.new())
await BrowserStore("cache").keys()
"""


def test_a_store_that_is_not_there(opened: Visitor) -> None:
    opened.run(MISSING, "error")
    says = "StorageError: the browser's storage cannot be used (the Cache API is missing)"
    expect(opened.output).to_contain_text(says)


NEXT = """
import js
from functools import partial
from intab.browser.cache import KINDS, BrowserStore
from intab.browser.fetch import BrowserMemory
from intab.engine.storage.stores import Stores
js.Object.defineProperty(js.globalThis, "caches", js.Object.new())
stores = Stores({kind: partial(BrowserStore, kind) for kind in KINDS})
await stores.put("a", BrowserMemory().encode("kept"))
print((await BrowserStore("opfs").match("a")).text())
await stores.delete("a")
"""


def test_where_the_cache_api_is_missing_the_next_store_serves(opened: Visitor) -> None:
    assert opened.run(NEXT) == "kept\n"
