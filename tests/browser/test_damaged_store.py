"""What a failing disk or somebody else left in the browser's stores: the page starts, lists what
can be read of it, and deletes it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.returning import Returning
from tests.browser.test_panel import open_panel
from tests.browser.visitor import Visitor, visits

RECORDS = """
import json
from intab.browser.cache import BrowserStore
from intab.browser.fetch import BrowserMemory
from intab.engine.storage.keys import ModelKey
store = BrowserStore("KIND")
async def put(key, text):
    await store.put(key, BrowserMemory().encode(text))
for key in await store.keys():
    if key.endswith("=record"):
        await put(key, '{"format": 1, "used": 1e300, "name": 5')
for name, text in (
    ("used", json.dumps({"format": 1, "used": 1e300, "name": "used"})),
    ("text", json.dumps({"format": 1, "files": "all", "verified": 1, "manifest": []})),
    ("deep", "[" * 100_000),
    ("half", "{"),
):
    await put(ModelKey(f"https://hub.example/{name}/").record, text)
chunk = "=https%3A%2F%2Fhub.example%2Fhalf%2F/=/=f/=/=/=-9/=2-1/=x"
for key in ("foreign", "=a/=b/=c", chunk):
    await put(key, "x")
"""
FILL = """
([name, options, records]) => new Promise((resolve, reject) => {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(name, options);
  request.onsuccess = () => {
    const transaction = request.result.transaction(name, "readwrite");
    for (const record of records) transaction.objectStore(name).put(...record);
    transaction.oncomplete = () => (request.result.close(), resolve());
    transaction.onabort = () => reject(transaction.error);
  };
})"""
# What is no key of ours at all.
ODD = {
    "cache": """
async () => {
  const cache = await caches.open("intab-models-1");
  await cache.put("/elsewhere", new Response("x"));
  await cache.put("https://intab.invalid/=%FF/=/=record", new Response("x"));
}""",
    "opfs": """
async () => {
  let folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("intab-models-1");
  for (const name of ["=https%3A%2F%2Fhub.example%2Ffolder%2F", "=", "=record"])
    folder = await folder.getDirectoryHandle(name, { create: true });
  await folder.getFileHandle("inside", { create: true });
}""",
    "indexeddb": f"""
() => {{
  const keys = [5, ["a"], new Date(0), "text", "=a/=b/=record"];
  return ({FILL})(["intab-models-1", {{}}, keys.map((key) => [{{}}, key])]);
}}""",
}
FOLDERS = f"""
() => ({FILL})(["intab-disk-1", {{ keyPath: "name" }}, [
  [{{ name: 5 }}],
  [{{ name: ["a"], handle: 1 }}],
  [{{ name: "x", handle: {{}}, files: "none" }}],
  [{{ name: "y", files: new Map([["config.json", "text"]]) }}],
]])"""
LEFT = """
async () => {
  const requests = await (await caches.open("intab-models-1")).keys();
  return requests.map(({ url }) => url.split("/").at(-1));
}"""
USE = """
import intab
from intab.browser.cache import BrowserStore
intab.storage.use("{kind}")
for model in await intab.storage.list():
    print(model.name, model.bytes, model.last_used)
await intab.storage.delete()
print(await BrowserStore("{kind}").keys())
intab.storage.use("cache")
"""


def damage(visitor: Visitor, kind: str) -> None:
    visitor.run(RECORDS.replace("KIND", kind))
    visitor.page.evaluate(ODD[kind])


@pytest.fixture(scope="module")
def visitor(returning: Returning, served: str) -> Iterator[Visitor]:
    """In a page that was opened again after the damage was done: it starts."""
    for visitor in visits(returning, served):
        damage(visitor, "cache")
        visitor.page.evaluate(FOLDERS)
        yield visitor.open(served)


def test_the_panel_lists_and_deletes_what_is_damaged(visitor: Visitor) -> None:
    panel = open_panel(visitor.page)
    items = panel.get_by_test_id("stored").get_by_role("listitem")
    used = items.filter(has=visitor.page.get_by_text("used", exact=True))
    expect(used).to_contain_text("not complete yet")
    half = items.filter(has_text="https://hub.example/half/")
    expect(half).to_have_count(1)
    panel.get_by_role("button", name="Delete https://hub.example/half/").click()
    panel.get_by_role("button", name="Delete 0").click()
    expect(half).to_have_count(0)
    panel.get_by_role("button", name="Delete all").click()
    panel.get_by_role("button", name="Delete all models?").click()
    expect(items).to_have_count(0)
    assert visitor.page.evaluate(LEFT) == ["elsewhere"]  # which is nothing of the store's
    visitor.page.keyboard.press("Escape")


@pytest.mark.parametrize("kind", ["opfs", "indexeddb"])
def test_a_program_lists_and_deletes_what_is_damaged(visitor: Visitor, kind: str) -> None:
    damage(visitor, kind)
    printed = visitor.run(USE.format(kind=kind))
    assert "used 0 None\n" in printed
    assert printed.endswith("\n[]\n")


def test_damaged_records_of_folders_are_listed_and_forgotten(visitor: Visitor) -> None:
    panel = open_panel(visitor.page)
    folders = panel.get_by_role("list", name="Opened folders")
    expect(folders.get_by_role("listitem")).to_have_count(4)
    for name in ("disk:5", "disk:a", "disk:x"):
        panel.get_by_role("button", name=f"Forget {name}").click()
    expect(folders.get_by_role("listitem")).to_have_count(1)
    visitor.page.keyboard.press("Escape")
    visitor.run('import intab\nawait intab.load("disk:y")', "error")
    expect(visitor.output).to_contain_text("disk:y may not be read until the page is allowed")
