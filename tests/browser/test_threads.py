"""Threads in a real browser: measured at a pause, remembered for the next visit, given up where
they do not start."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import serve_command
from tests.browser.copies import altered
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor

LOADING = """
    import intab, json
    model = await intab.load("default")
    text = str(await model.generate("Once", max_new_tokens=3, do_sample=False))
    print(json.dumps([model.device, model.reason, text]))
"""
MEASURED = """
    import asyncio, intab, json
    from intab.browser.ffi import js_worker

    await intab.load("default")
    while not json.loads(found := await js_worker().measuredThreads())["fresh"]:
        await asyncio.sleep(0.1)
    print(found)
"""
# What the page's browser then remembers: that two threads took twice as long as one, a month ago.
REMEMBER = """async () => {
    const cache = await caches.open("intab-device");
    const [place] = await cache.keys();
    const record = await (await cache.match(place)).json();
    record.seconds = { 1: 1, 2: 2 };
    record.date -= 30 * 24 * 3600 * 1000;
    await cache.put(place, new Response(JSON.stringify(record)));
}"""


def test_a_measurement_decides_at_the_next_visit(later: Page, served: str) -> None:
    page, visitor = later, Visitor(later).open(served)
    seconds = printed_json(visitor, MEASURED)["seconds"]
    assert set(seconds) == {"1", "2"}
    assert all(value > 0 for value in seconds.values())
    before = printed_json(visitor, LOADING)
    page.evaluate(REMEMBER)
    visitor.open(served)
    device, reason, text = printed_json(visitor, LOADING)
    assert device == "wasm, 1 thread"
    assert reason == "the model's only dtype; more threads than 1 are no faster here"
    assert text == before[2]
    expect(visitor.device).to_contain_text(f"on {device} ({reason})")
    measured = printed_json(visitor, MEASURED)
    assert set(measured["seconds"].values()) != {1, 2}


FAILING = """
if (globalThis.self?.name?.startsWith("em-pthread")) throw new Error("no thread for you");
"""
SILENT = """
if (globalThis.self?.name?.startsWith("em-pthread")) await new Promise(() => {});
"""


@pytest.mark.parametrize(
    ("broken", "why"), [(FAILING, "failed to load"), (SILENT, "timeout")], ids=["fail", "silent"]
)
def test_threads_that_do_not_start_are_done_without(
    browser: Browser, site: Path, tmp_path: Path, broken: str, why: str
) -> None:
    name = "runtime-*/ort/ort-wasm-simd-threaded.mjs"
    folder = altered(site, tmp_path / "site", name, lambda text: broken + text)
    altered(folder, folder, "runtime-*/intab/worker.mjs", impatient)
    with serve_command(folder) as address:
        page = browser.new_page()
        device, reason, text = printed_json(Visitor(page).open(address), LOADING)
        assert device == "wasm, 1 thread"
        assert "2 threads did not start (" in reason
        assert why in reason
        assert text
        page.close()


def impatient(worker: str) -> str:
    """With a second's patience for threads."""
    assert worker.count("=3e4,") == 1
    return worker.replace("=3e4,", "=1e3,")


def test_no_shared_memory_on_a_page_called_isolated(page: Page, served_unisolated: str) -> None:
    """As in WebKitGTK: no threads, no interrupts, and all else works."""
    page.add_init_script("Object.defineProperty(self, 'crossOriginIsolated', { value: true })")
    visitor = Visitor(page).open(served_unisolated)
    visitor.start("while True: pass")
    visitor.expect_state("running")
    visitor.button("stop").click()
    expect(visitor.status).to_contain_text("cannot be interrupted")
