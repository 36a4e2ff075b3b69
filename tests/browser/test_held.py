"""A model of many chunks, in one file and with external data: what is verified is in memory until
onnxruntime has it, and no longer; what is read from disk instead gives the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import large_model
from tests.browser.conftest import Stock
from tests.browser.memory import WorkerMemory
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits

MEGABYTES = 40
MODELS = {"one-file": False, "with-data": True}
LOAD = """
    import intab, json, js
    from intab.platform import loader
    notices = []
    loader().listeners.on_notice = lambda notice: notices.append(notice.kind)
    model = await intab.load({name!r}, device="wasm", keep={keep})
    session = model._decoder.session()
    logits = (await session.step([[72, 105]]))[0, -1]
    session.close()
    await model.close()
    asked = [entry.name for entry in js.performance.getEntriesByType("resource")]
    js.performance.clearResourceTimings()
    ranges = len([name for name in asked if {name!r} in name and "onnx" in name])
    print(json.dumps([logits.tolist(), ranges, notices]))
"""
SPOIL = """
    from intab.browser.cache import BrowserStore
    from intab.browser.fetch import BrowserMemory
    from intab.engine.storage.keys import parse_chunk_key
    store = BrowserStore("cache")
    chunks = [(key, text) for text in await store.keys()
              if (key := parse_chunk_key(text)) and {name!r} in key.model.base and key.span.start]
    key, text = chunks[len(chunks) // 2]
    await store.put(text, BrowserMemory().encode("?" * key.span.size))
"""


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str, stock: Stock) -> Iterator[Visitor]:
    for name, external in MODELS.items():
        large_model.write(stock(name), MEGABYTES, external=external)
    yield from visits(returning, served)


@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_same_model_wherever_its_bytes_come_from(opened: Visitor, name: str) -> None:
    unkept, *_ = printed_json(opened, LOAD.format(name=name, keep=False))
    fetched, asked, _ = printed_json(opened, LOAD.format(name=name, keep=True))
    assert asked > MEGABYTES * 10**6 // 2**21
    stored, asked, _ = printed_json(opened, LOAD.format(name=name, keep=True))
    assert asked == 0
    opened.run(SPOIL.format(name=name))
    mended, asked, notices = printed_json(opened, LOAD.format(name=name, keep=True))
    assert (asked, notices) == (1, [])
    assert unkept == fetched == stored == mended
    assert len(set(unkept)) > 200


@pytest.mark.parametrize("name", MODELS)
def test_what_onnxruntime_has_is_held_no_longer(opened: Visitor, name: str) -> None:
    memory = WorkerMemory(opened.page)
    before = memory.held()
    opened.run(LOAD.format(name=name, keep=True).replace("await model.close()", "pass"))
    assert memory.held().buffers - before.buffers < MEGABYTES * 10**6 / 4
