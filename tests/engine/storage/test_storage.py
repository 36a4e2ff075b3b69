"""intab.storage over fakes: what is listed, checked, deleted; and loading from what is stored."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import pytest

from intab.engine.hub.locate import locate
from intab.engine.io.protocols import Notice, Room
from intab.engine.loading.loader import Loader
from intab.engine.storage.keys import ModelKey, parse_chunk_key
from intab.engine.storage.storage import Storage
from intab.engine.storage.stored import StoredModel
from intab.engine.worker.program import run_program
from intab.errors import DownloadError, ModelNotFoundError, TemporaryError
from tests.engine.conftest import CONFIG, FakeRuntime, model_files
from tests.engine.support.fakes import FakeBody

MODELS = "https://host/models"


class Visitor:
    """Someone whose store outlives the page: each page has a loader of its own."""

    def __init__(self, **files: Any) -> None:
        self.files = {f"https://host/{k}": v for k, v in model_files(**files).items()}
        self.runtime = FakeRuntime(dict(self.files))
        self.storage = Storage(lambda: self.runtime.services, lambda spec: locate(spec, MODELS))
        self.notices: list[Notice] = []

    async def load(self, **options: Any) -> None:
        loader = Loader(self.runtime, MODELS)
        loader.listeners.on_notice = self.notices.append
        await loader.load("tiny", **options)

    def go_offline(self) -> None:
        self.runtime.fetch.files.clear()
        self.runtime.fetch.files.update(
            dict.fromkeys([*self.files, f"{MODELS}/tiny/intab.json"], TemporaryError("offline"))
        )

    def spoil(self, file: str) -> None:
        for text, body in self.runtime.store.bodies.items():
            key = parse_chunk_key(text)
            if key and key.file == file:
                self.runtime.store.bodies[text] = FakeBody(body.data[::-1])

    async def only(self) -> StoredModel:
        (model,) = await self.storage.list()
        return model


async def test_nothing_is_stored_at_first() -> None:
    visitor = Visitor()
    assert await visitor.storage.list() == ()
    await visitor.storage.delete()
    with pytest.raises(ModelNotFoundError, match="'tiny' is stored; stored are: none"):
        await visitor.storage.delete("tiny")


async def test_a_loaded_model_is_listed() -> None:
    visitor = Visitor()
    await visitor.load()
    model = await visitor.only()
    assert (model.name, model.address, model.revision) == ("tiny", f"{MODELS}/tiny/", "")
    assert model.complete
    assert not model.verified  # its folder promises no sha256
    assert model.bytes == sum(
        len(data) for data in visitor.files.values() if isinstance(data, bytes)
    )
    assert {file.name for file in model.files} >= {"config.json", "onnx/model_quantized.onnx"}
    assert model.last_used is not None


async def test_files_whose_sha256_is_promised_are_verified() -> None:
    digests = {
        name.removeprefix("models/tiny/"): {"sha256": hashlib.sha256(data).hexdigest()}
        for name, data in model_files().items()
        if isinstance(data, bytes)
    }
    dtypes = {"q8": ["onnx/model_quantized.onnx"]}
    visitor = Visitor(**{"intab.json": {"format": 1, "files": digests, "dtypes": dtypes}})
    await visitor.load()
    assert (await visitor.only()).verified
    visitor.spoil("config.json")
    await visitor.load()
    assert (await visitor.only()).verified


async def test_keep_false_stores_nothing() -> None:
    visitor = Visitor()
    await visitor.load(keep=False)
    assert await visitor.storage.list() == ()


async def test_the_second_visit_needs_no_network() -> None:
    visitor = Visitor()
    await visitor.load()
    visitor.go_offline()
    await visitor.load()
    assert [notice.kind for notice in visitor.notices] == ["offline"]


async def test_an_update_that_breaks_off_leaves_what_there_was() -> None:
    graph, host = "onnx/model_quantized.onnx", "https://host/"
    visitor = Visitor(**described(b"one"))
    await visitor.load()
    update = model_files(**described(b"two"))
    visitor.runtime.fetch.files.update({host + name: data for name, data in update.items()})
    visitor.runtime.fetch.files[f"{MODELS}/tiny/{graph}"] = TemporaryError("the line is cut")
    with pytest.raises(DownloadError, match="the line is cut"):
        await visitor.load()
    visitor.go_offline()
    await visitor.load()
    assert visitor.runtime.opened[-1].body.data == b"one"
    visitor.runtime.fetch.files.update({host + name: data for name, data in update.items()})
    await visitor.load()
    assert visitor.runtime.opened[-1].body.data == b"two"
    keys = map(parse_chunk_key, visitor.runtime.store.bodies)
    assert [key.file for key in keys if key].count(graph) == 1


def described(graph: bytes) -> dict[str, Any]:
    """A folder that tells the sha256 of its graph, and a config of its own."""
    name, config = "onnx/model_quantized.onnx", {**CONFIG, "of": graph.decode()}
    files = {name: graph, "config.json": json.dumps(config).encode()}
    entries = {
        file: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for file, data in files.items()
    }
    manifest = {"format": 1, "files": entries, "dtypes": {"q8": [name]}}
    return {**files, "intab.json": manifest}


async def test_the_first_visit_does() -> None:
    visitor = Visitor()
    visitor.go_offline()
    with pytest.raises(DownloadError, match="offline It was tried 5 times"):
        await visitor.load()


async def test_a_model_without_a_record_is_listed_by_its_address() -> None:
    visitor = Visitor()
    await visitor.load()
    store = visitor.runtime.store
    del store.bodies[ModelKey(f"{MODELS}/tiny/").record]
    model = await visitor.only()
    assert (model.name, model.complete, model.last_used) == (f"{MODELS}/tiny/", False, None)
    store.bodies[ModelKey(f"{MODELS}/tiny/").record] = FakeBody(b"{")
    assert (await visitor.only()).name == f"{MODELS}/tiny/"


async def test_verifying_finds_and_deletes_what_is_damaged() -> None:
    visitor = Visitor()
    await visitor.load()
    verdict = await visitor.storage.verify("tiny")
    assert (verdict.right, verdict.damaged) == ((await visitor.only()).bytes, ())
    visitor.spoil("onnx/model_quantized.onnx")
    assert (await visitor.storage.verify("tiny")).damaged == ("onnx/model_quantized.onnx",)
    assert not (await visitor.only()).complete
    await visitor.load()
    assert (await visitor.only()).complete


async def test_deleting_one_and_all() -> None:
    visitor = Visitor()
    await visitor.load()
    visitor.runtime.store.bodies[ModelKey("https://other/").record] = FakeBody(
        b'{"format": 1, "name": "other", "files": []}'
    )
    await visitor.storage.delete("other")
    await visitor.storage.delete(f"{MODELS}/tiny/")
    assert visitor.runtime.store.bodies == {}
    await visitor.load()
    await visitor.storage.delete()
    assert visitor.runtime.store.bodies == {}


async def test_the_room_is_the_store_s() -> None:
    visitor = Visitor()
    visitor.runtime.store.quota = 10
    assert await visitor.storage.room() == Room(0, 10)
    assert Room(3, 10).free == 7
    assert Room(30, 10).free == 0
    assert Room().free is None


async def test_the_last_one_who_stops_waiting_stops_the_load_and_the_next_begins_anew() -> None:
    visitor = Visitor()
    loader = Loader(visitor.runtime, MODELS)
    waiting = [asyncio.ensure_future(loader.load("tiny")) for _ in range(2)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    again = asyncio.ensure_future(loader.load("tiny"))
    assert (await again).name == "tiny"
    assert [task.cancelled() for task in waiting] == [True, True]
    assert len(visitor.runtime.opened) == 1


async def test_a_program_that_ends_does_not_end_a_load_it_has_not_begun() -> None:
    """What a program leaves running is cancelled; the chunks of the page's own load are not its."""
    visitor = Visitor()
    loading = asyncio.ensure_future(visitor.load())
    for _ in range(30):
        assert await run_program("import asyncio\nawait asyncio.sleep(0)", print, print) is None
    await loading
    assert (await visitor.only()).complete
