"""intab.storage in the page: the model that the page has loaded is there, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.returning import Returning
from tests.browser.visitor import STARTED, Visitor, visits

LIST = """
import intab
for model in await intab.storage.list():
    print(model.name, model.complete, model.verified, model.bytes, bool(model.last_used))
"""
VERIFY = """
import intab
[model] = await intab.storage.list()
verdict = await intab.storage.verify("default")
print(verdict.right == model.bytes, verdict.damaged)
"""
SPOIL = """
from intab.browser.cache import BrowserStore
from intab.browser.fetch import BrowserMemory
from intab.engine.storage.keys import parse_chunk_key
store = BrowserStore("cache")
for text in await store.keys():
    key = parse_chunk_key(text)
    if key and key.file.endswith(".onnx"):
        await store.put(text, BrowserMemory().encode("spoilt"))
"""
NO_STORE = """
import js
from intab.platform import loader
js.Object.defineProperty(js.globalThis, "caches", js.Object.new())
loader().listeners.on_notice = lambda notice: print(notice.kind, notice.text)
model = await loader().load("default", dtype="q8")
print(await model.generate("Once", max_new_tokens=3, do_sample=False))
"""


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    yield from visits(returning, served)


def test_what_the_page_has_loaded_is_listed_and_right(opened: Visitor) -> None:
    name, complete, verified, size, used = opened.run(LIST).split()
    assert (name, complete, verified, used) == ("default", "True", "True", "True")
    assert int(size) > 500_000
    assert opened.run(VERIFY) == "True ()\n"


def test_the_room_is_told(opened: Visitor) -> None:
    program = "import intab\nroom = await intab.storage.room()\nprint(0 < room.used < room.quota)"
    assert opened.run(program) == "True\n"


def test_damage_is_found_and_what_is_deleted_is_gone(opened: Visitor) -> None:
    opened.run(SPOIL)
    assert opened.run(VERIFY) == "False ('onnx/model_quantized.onnx',)\n"
    opened.run("import intab\nawait intab.storage.delete('default')")
    assert opened.run(LIST) == ""
    opened.run("import intab\nawait intab.storage.delete('default')", "error")
    expect(opened.output).to_contain_text("No model 'default' is stored; stored are: none.")


def test_without_a_store_the_model_is_loaded_and_that_is_said(opened: Visitor) -> None:
    kind, text = opened.run(NO_STORE).splitlines()[0].split(maxsplit=1)
    assert kind == "memory"
    assert "not kept for the next visit" in text
    assert "the Cache API is missing" in text
    assert opened.printed().splitlines()[1]


PROOFS = """async () => {
    let proofs = 0;
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            if (!request.url.endsWith("=record")) continue;
            proofs += Object.keys((await (await cache.match(request)).json()).proofs).length;
        }
    }
    return proofs;
}"""


def test_the_second_visit_fetches_no_model_file_again(later: Page, served: str) -> None:
    page, visitor = later, Visitor(later).open(served)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    visitor.open(served)
    files = [url.partition("/models/default/")[2] for url in asked if "/models/" in url]
    assert files == ["intab.json"]
    # One for both: what the first visit proved of these bytes here was known in the second.
    assert page.evaluate(PROOFS) == 1
    page.route("**/models/**", lambda route: route.abort())
    visitor.open(served)
    visitor.start("import intab\nprint(await (await intab.load('default')).generate('Once'))")
    visitor.expect_state("ready", timeout=STARTED)
