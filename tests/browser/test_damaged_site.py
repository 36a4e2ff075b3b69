"""Files of the site that the service worker keeps, damaged: the page mends them and says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.returning import Returning
from tests.browser.test_snapshot import open_again
from tests.browser.visitor import STARTED, Visitor, expect_kept

DAMAGE = """
async ([pattern, how]) => {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const { url } of await cache.keys()) {
      if (!name.startsWith("intab site") || !new RegExp(pattern).test(url)) continue;
      const { headers, type } = await cache.match(url);
      const bytes = new Uint8Array(await (await cache.match(url)).arrayBuffer());
      const damaged = {
        empty: () => new Uint8Array(),
        truncated: () => bytes.slice(0, bytes.length / 2),
        wrong: () => bytes.map((byte, i) => byte ^ (i % 3)),
        html: () => "<!doctype html><title>Sign in</title>",
      }[how]();
      const kind = how === "html" ? { "Content-Type": "text/html" } : headers;
      await cache.put(url, new Response(damaged, { headers: kind }));
      return [url, bytes.length];
    }
  }
}
"""
SIZE = "async (url) => (await (await caches.match(url)).arrayBuffer()).byteLength"
SNAPSHOT_SIZE = """async () => {
  const [name] = (await caches.keys()).filter((name) => name.startsWith("intab site"));
  const cache = await caches.open(name);
  const [key] = (await cache.keys()).filter(({ url }) => url.endsWith("/python.snapshot"));
  return key ? (await (await cache.match(key)).arrayBuffer()).byteLength : 0;
}"""
DAMAGE_SNAPSHOT = """async () => {
  const [name] = (await caches.keys()).filter((name) => name.startsWith("intab site"));
  const cache = await caches.open(name);
  const [key] = (await cache.keys()).filter(({ url }) => url.endsWith("/python.snapshot"));
  const bytes = new Uint8Array(await (await cache.match(key)).arrayBuffer());
  bytes[bytes.length >> 1] ^= 1;
  await cache.put(key, new Response(bytes));
}"""
# A long start is waited for; in a test 5 s of one are long.
IMPATIENT = """
const wait = setTimeout;
globalThis.setTimeout = (work, ms, ...rest) => wait(work, ms === 45_000 ? 5000 : ms, ...rest);
"""


@pytest.fixture(scope="module")
def kept(browser: Browser, served: str) -> Iterator[Returning]:
    """A visitor of their own, since the damage is done to what is kept of the site."""
    visitor = Returning(browser, served)
    yield visitor
    visitor.close()


@pytest.fixture
def page(kept: Returning) -> Iterator[Page]:
    page = kept.new_page()
    yield page
    page.close()


@pytest.mark.parametrize(
    ("file", "how"),
    [
        (r"assets/page-\w+\.mjs$", "empty"),
        (r"pyodide\.asm\.wasm$", "truncated"),
        (r"pyodide/pyodide\.mjs$", "html"),
        (r"python_stdlib\.zip$", "wrong"),
    ],
)
def test_a_damaged_file_is_fetched_again_and_the_page_starts(
    page: Page, served: str, file: str, how: str
) -> None:
    visitor = Visitor(page).open(served)
    expect_kept(page)
    url, size = page.evaluate(DAMAGE, [file, how])
    page.add_init_script(IMPATIENT)
    page.goto(served)
    notices = page.get_by_test_id("notices")
    expect(notices).to_contain_text("was damaged", timeout=STARTED)
    expect(notices).to_contain_text(url.split("/")[-1])
    visitor.expect_state("ready", timeout=STARTED)
    assert page.evaluate(SIZE, url) == size
    assert visitor.run("print('works')") == "works\n"


def test_a_damaged_page_is_kept_again(page: Page, served: str) -> None:
    """What a visit with its server does not need, and one without does."""
    Visitor(page).open(served)
    expect_kept(page)
    _, size = page.evaluate(DAMAGE, [re.escape(served) + "$", "truncated"])
    Visitor(page).open(served)
    expect_kept(page)
    assert page.evaluate(SIZE, served) == size


def test_a_damaged_snapshot_is_not_taken_and_comes_again(page: Page, served: str) -> None:
    visitor = Visitor(page).open(served)
    expect_kept(page)
    size = page.evaluate(SNAPSHOT_SIZE)
    assert size > 20_000_000
    taken = open_again(visitor)["hash"]
    page.evaluate(DAMAGE_SNAPSHOT)
    assert open_again(visitor)["hash"] != taken
    expect_kept(page)
    assert page.evaluate(SNAPSHOT_SIZE) == size
    assert open_again(visitor)["hash"] == taken
