"""A visitor who comes back to the site: the browser has kept it and what it compiled, no more.

A first visit takes 15 seconds of a processor, half of them for compiling and for keeping the
site; a later one takes four. So a test that is not about the first visit comes back.
"""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.browser.visitor import STARTED, Visitor, expect_kept

# Models, programs, chats, folders, measurements: all but the site itself.
FORGET = """async () => {
  localStorage.clear();
  for (const name of await caches.keys())
    if (!name.startsWith("intab site")) await caches.delete(name);
  for (const { name } of await indexedDB.databases())
    await new Promise((done, failed) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = done;
      request.onerror = failed;
    });
  const root = await navigator.storage.getDirectory();
  for (const name of await Array.fromAsync(root.keys()))
    await root.removeEntry(name, { recursive: true });
}"""


class Returning:
    """Opens pages in one context, each without what another test has left there."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._context = browser.new_context()
        # A light page that stays: with it stays the process, and the code that it has compiled.
        self._light = self._context.new_page()
        self._light.set_default_timeout(STARTED)
        self._light.goto(f"{address}licences.html")
        first = self._context.new_page()
        Visitor(first).open(address)
        expect_kept(first)
        first.close()

    def new_page(self) -> Page:
        if self._context.pages == [self._light]:
            self._light.evaluate(FORGET)
        return self._context.new_page()

    def close(self) -> None:
        self._context.close()
