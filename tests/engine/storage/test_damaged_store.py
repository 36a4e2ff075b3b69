"""Whatever is in a store, models are listed, loaded and deleted: what is damaged is absent."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from intab.engine.hub.locate import locate
from intab.engine.io.ranges import Span
from intab.engine.loading.loader import Loader
from intab.engine.runtime.threads import parse_measured
from intab.engine.storage.keys import (
    ChunkKey,
    ModelKey,
    parse_chunk_key,
    parse_model,
    parse_record_key,
)
from intab.engine.storage.records import parse_record
from intab.engine.storage.storage import Storage
from intab.engine.storage.stores import Stores
from intab.engine.worker.messages import Manage, encode
from intab.engine.worker.storage_panel import StoragePanel
from intab.errors import StorageError
from tests.conftest import run_to_end
from tests.engine.conftest import FakeRuntime, model_files
from tests.engine.support.fakes import FakeBody, FakeStore
from tests.engine.support.junk import TEXTS, as_json, damaged, tried

HOST = "https://host/models"
TINY = ModelKey(f"{HOST}/tiny/")
RECORD = {
    "format": 1,
    "name": "tiny",
    "commit": "",
    "used": 1.7e9,
    "files": ["config.json"],
    "verified": {"config.json": {"sha256": "ab", "chunks": ["ab"]}},
    "manifest": {"format": 1, "files": {"config.json": {"size": 2}}, "dtypes": {}},
}
PARTS = ["config.json", "", "", "2", "0-2", "ab"]  # of a chunk's key


class FaultyStore(FakeStore):
    """A store in which some bodies cannot be read, until others take their place."""

    unreadable: frozenset[str] = frozenset()

    async def put(self, key: str, body: FakeBody) -> None:
        await super().put(key, body)
        self.unreadable -= {key}

    async def match(self, key: str) -> FakeBody | None:
        if key in self.unreadable:
            raise StorageError("the disk has a fault.")
        return await super().match(key)


class Page:
    """A visit to a page whose store was damaged."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime({f"https://host/{k}": v for k, v in model_files().items()})
        self.store = FaultyStore()
        object.__setattr__(self.runtime.services, "store", self.store)
        self.storage = Storage(lambda: self.runtime.services, lambda spec: locate(spec, HOST))

    async def panel(self, action: Any) -> list[str]:
        """What the storage panel lists after an action."""
        answer = await StoragePanel(Loader(self.runtime, HOST)).act(Manage(action))
        json.loads(encode(answer))
        assert not answer.error
        return [item.name for item in answer.models]

    async def goes_on(self) -> None:
        """It lists, verifies, loads and deletes."""
        await self.panel("list")
        for model in await self.storage.list():
            assert isinstance(model.name, str)
            assert model.last_used is None or 0 <= model.last_used < 8.7e12
            assert model.bytes >= 0
            await self.storage.verify(model.address)
        await Loader(self.runtime, HOST).load("tiny")
        assert "tiny" in [model.name for model in await self.storage.list() if model.complete]
        assert await self.panel("delete") == []
        assert await self.store.keys() == []


@tried(40)
@given(damaged(RECORD).map(as_json) | st.binary(max_size=9))
@example(as_json({**RECORD, "used": 1e300}))
@example(as_json({**RECORD, "used": math.nan}))
@example(as_json({**RECORD, "files": "config.json"}))
@example(as_json({**RECORD, "manifest": {"format": 1}}))
@example(as_json({**RECORD, "name": "other"}))
@example(as_json(RECORD)[:50])
def test_a_damaged_record(record: bytes) -> None:
    page = Page()
    page.store.bodies[TINY.record] = FakeBody(record)
    run_to_end(page.goes_on())


def spoilt_key() -> st.SearchStrategy[str]:
    """A key of which one part is another, or that is none."""

    def join(parts: list[Any]) -> str:
        whole = [TINY.base, "", *map(str, parts)]
        return "/".join("=" + quote(part, safe="", errors="ignore") for part in whole)

    of_ours = damaged(PARTS).map(lambda parts: join(parts if isinstance(parts, list) else [parts]))
    ours = str(ChunkKey(TINY, "config.json", "", "", 2, Span(0, 2), "ab"))
    odd = st.sampled_from(
        [
            *(ours.replace("=2/", "=" + "9" * 5000 + "/"), ours.replace("=2/", "=-2/")),
            *(ours.replace("=2/", "=٢/"), ours.replace("%3A", "%3a"), ours + "/", "/" + ours),
            *(ours.replace("0-2", "0-99"), ours.replace("0-2", "2-0"), "=%FF/=/=record"),
            *("5", "null", "foreign.txt", "=a", "=a/=b", "=/=/=record", "=a/=b/=c", "record"),
        ]
    )
    return of_ours | odd | TEXTS


@tried(40)
@given(st.lists(spoilt_key(), min_size=1, max_size=4), st.binary(max_size=3))
def test_damaged_keys(keys: list[str], data: bytes) -> None:
    page = Page()
    page.store.bodies |= dict.fromkeys(keys, FakeBody(data))
    run_to_end(page.goes_on())


@tried(60)
@given(spoilt_key())
def test_a_key_that_is_read_is_the_one_that_was_written(text: str) -> None:
    chunk, model = parse_chunk_key(text), parse_record_key(text)
    assert chunk is None or str(chunk) == text
    assert model is None or model.record == text
    for found in (chunk and chunk.model, model):
        assert found is None or parse_model(text) == found


@tried(40)
@given(st.integers(0, 9), st.binary(max_size=9) | st.none())
def test_damaged_bodies(which: int, data: bytes | None) -> None:
    async def visit() -> None:
        page = Page()
        await Loader(page.runtime, HOST).load("tiny")
        keys = sorted(page.store.bodies)
        key = keys[which % len(keys)]
        if data is None:
            page.store.unreadable = frozenset([key])
            await Loader(page.runtime, HOST).load("tiny")  # in memory, and without it
        else:
            page.store.bodies[key] = FakeBody(data)
        await page.goes_on()

    run_to_end(visit())


async def test_overlapping_chunks_are_counted_once() -> None:
    page = Page()
    for span in (Span(0, 6), Span(4, 8), Span(4, 6)):
        key = ChunkKey(TINY, "onnx/x.onnx", "", "", 9, span, "ab")
        page.store.bodies[str(key)] = FakeBody(b"x" * span.size)
    (model,) = await page.storage.list()
    assert (model.bytes, model.complete) == (8, False)


def test_what_can_be_read_of_a_record_is() -> None:
    fields = {name: RECORD[name] for name in RECORD if name != "format"}
    assert parse_record(json.dumps(RECORD)) == fields
    damage = {"used": "today", "files": [1], "verified": {"a": 1, "b": {"sha256": "cd"}}}
    kept = parse_record(json.dumps({**RECORD, **damage, "colour": 1}))
    assert kept.keys() == fields.keys() - {"used", "files"}
    assert kept["verified"] == {}


async def test_what_no_store_can_read_or_take_does_not_stop_a_move() -> None:
    old, new = FaultyStore(), FakeStore()
    old.bodies |= dict.fromkeys(["=a/=b/=record", "=a/=b/=c", "x//y"], FakeBody(b"1"))
    old.unreadable = frozenset(["=a/=b/=c"])
    stores = Stores({"old": lambda: old, "new": lambda: new})
    stores.use("new")
    assert await asyncio.wait_for(stores.keys(), 5) == ["=a/=b/=record"]
    assert list(old.bodies) == ["x//y"]


@tried(60)
@given(damaged({"seconds": {"1": 0.4}, "gains": {"2": 1.5}, "fresh": True}).map(as_json))
@example(b'{"seconds": {"' + b"9" * 5000 + b'": 1}, "gains": {}, "fresh": true}')
@example(b'{"fresh": false}')
def test_damaged_measurements(kept: bytes) -> None:
    measured = parse_measured(kept.decode())
    assert all(1 <= threads <= 1024 for threads in measured.seconds)
    assert all(0 < its < math.inf for its in measured.seconds.values())
