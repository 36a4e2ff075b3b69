"""Exports and imports over fakes: what comes back, what is refused, what an interruption leaves."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from intab.engine.hub.locate import locate
from intab.engine.io.protocols import Progress
from intab.engine.loading.loader import Loader
from intab.engine.storage.keys import parse_chunk_key
from intab.engine.storage.storage import Storage
from intab.errors import DamagedError, IntabError, ModelNotFoundError, StorageError, TemporaryError
from tests.engine.conftest import FakeRuntime, model_files
from tests.engine.support.fakes import FakeArchives, FakeBody, FakeDraft

HOST = "https://host/models"
GRAPH = "onnx/model_quantized.onnx"


class Place:
    """A store, and the files outside of it."""

    def __init__(self, archives: FakeArchives | None = None, **files: Any) -> None:
        served = {f"https://host/{k}": v for k, v in model_files(**files).items()}
        self.runtime = FakeRuntime(served)
        if archives:
            object.__setattr__(self.runtime.services, "archives", archives)
        self.bodies = self.runtime.store.bodies
        self.files: dict[str, bytes] = self.runtime.services.archives.files  # type: ignore[attr-defined]
        self.storage = Storage(lambda: self.runtime.services, lambda spec: locate(spec, HOST))

    async def load(self) -> bytes:
        """Load as a new page does; the graph's bytes."""
        await Loader(self.runtime, HOST).load("tiny")
        return self.runtime.opened[-1].body.data

    async def exported(self) -> bytes:
        await self.load()
        assert await self.storage.export("tiny", "tiny.tar") == "tiny.tar"
        return self.files["tiny.tar"]

    def give(self, data: bytes) -> str:
        """A file for an import."""
        self.files["given.tar"] = data
        return "given.tar"


async def elsewhere(data: bytes, **files: Any) -> Place:
    """Another store, with an archive there."""
    place = Place(**files)
    place.give(data)
    return place


def opened(data: bytes) -> dict[str, bytes]:
    with tarfile.TarFile(fileobj=io.BytesIO(data)) as archive:
        return {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]


def closed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.TarFile(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


async def test_an_archive_is_the_folder_with_its_hashes() -> None:
    place = Place()
    files = opened(await place.exported())
    assert next(iter(files)) == "tiny/intab.json"
    manifest = json.loads(files.pop("tiny/intab.json"))
    served = {k.removeprefix("models/"): v for k, v in model_files().items()}
    assert files == served
    for name, entry in manifest["files"].items():
        data = files[f"tiny/{name}"]
        assert (entry["size"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert manifest["source"]["address"] == f"{HOST}/tiny/"


async def test_how_far_it_is_is_told_in_bytes() -> None:
    place = Place()
    await place.load()
    sizes = [len(data) for data in model_files().values() if isinstance(data, bytes)]
    seen: list[Progress] = []
    await place.storage.export("tiny", "tiny.tar", on_progress=seen.append)
    await place.storage.verify("tiny", on_progress=seen.append)
    await place.storage.import_("tiny.tar", on_progress=seen.append)
    stages = ["export", "verify", "check", "import"]
    assert list(dict.fromkeys(told.stage for told in seen)) == stages
    for stage in stages:
        loaded = [told.loaded for told in seen if told.stage == stage]
        assert len(loaded) == len(sizes)
        assert loaded == sorted(loaded)
        assert loaded[-1] == sum(sizes)
    assert {told.total for told in seen} == {sum(sizes)}


async def test_what_is_imported_is_loaded_without_a_network() -> None:
    there = await elsewhere(await Place().exported())
    model = await there.storage.import_("given.tar")
    assert (model.name, model.complete, model.verified, model.last_used) == (
        "tiny", True, True, None,
    )  # fmt: skip
    assert model.total == model.bytes
    assert await _offline(there) == b"graph"


async def _offline(place: Place) -> bytes:
    """Load without a network."""
    for address in [f"{HOST}/tiny/intab.json", *place.runtime.fetch.files]:
        place.runtime.fetch.files[address] = TemporaryError("offline")
    return await place.load()


async def test_a_load_fetches_nothing_again_after_an_import() -> None:
    there = await elsewhere(await Place().exported())
    await there.storage.import_("given.tar")
    await there.load()
    fetched = [a for a in there.runtime.fetch.asked if a.startswith("GET") and "bytes=0-0" not in a]
    assert [address.rpartition("/")[2] for address in fetched] == ["intab.json"]


async def test_it_may_be_imported_under_another_name() -> None:
    there = await elsewhere(await Place().exported())
    model = await there.storage.import_("given.tar", "other")
    assert (model.name, model.address) == ("other", f"{HOST}/other/")


async def test_what_is_exported_must_be_whole_and_right() -> None:
    place = Place()
    with pytest.raises(ModelNotFoundError):
        await place.storage.export("tiny", "x")
    await place.load()
    graph = next(text for text in place.bodies if GRAPH.replace("/", "%2F") in text)
    right = place.bodies[graph]
    place.bodies[graph] = FakeBody(b"wrong")
    with pytest.raises(DamagedError, match="load the model again"):
        await place.storage.export("tiny", "x")
    with pytest.raises(StorageError, match=f"not stored whole .{GRAPH} lack"):
        await place.storage.export("tiny", "x")
    place.bodies[graph] = right
    assert place.files == {}


async def test_a_target_that_fails_is_told_as_it_failed_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(draft: FakeDraft, *_: FakeBody) -> None:
        raise StorageError("first" if _ else "second")

    place = Place()
    await place.load()
    monkeypatch.setattr(FakeDraft, "write", fail)
    monkeypatch.setattr(FakeDraft, "abort", fail)
    with pytest.raises(StorageError, match="first"):
        await place.storage.export("tiny", "x")


def change(name: str, how: Callable[[bytes], bytes | None]) -> Callable[[bytes], bytes]:
    """A spoilt archive: one file in it is another, or missing."""

    def spoil(data: bytes) -> bytes:
        files = {k: how(v) if k == f"tiny/{name}" else v for k, v in opened(data).items()}
        return closed({k: v for k, v in files.items() if v is not None})

    return spoil


def manifest(**changed: Any) -> Callable[[bytes], bytes]:
    return change("intab.json", lambda old: json.dumps({**json.loads(old), **changed}).encode())


SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda data: b"", "not a tar archive"),
    "a picture": (lambda data: b"\x89PNG" + data[4:], "not a tar archive"),
    "truncated": (lambda data: data[: len(data) // 2], "broken-off"),
    "a flipped bit": (change(GRAPH, lambda old: b"grapi"), f"{GRAPH} in the archive is damaged"),
    "shorter": (change(GRAPH, lambda old: b"grap"), f"size and the sha256 of {GRAPH}"),
    "lacks a file": (change(GRAPH, lambda old: None), f"lacks {GRAPH}"),
    "lacks intab.json": (change("intab.json", lambda old: None), "does not begin with intab.json"),
    "holds more": (
        lambda data: closed({**opened(data), "tiny/virus.exe": b""}),
        "holds virus.exe, of which intab.json knows nothing",
    ),
    "holds another folder": (
        lambda data: closed({**opened(data), "other/a": b""}),
        "more than one folder",
    ),
    "from nowhere": (manifest(source=None), "does not say where"),
    "from a number": (manifest(source={"address": 3}), "does not say where"),
    "no JSON": (change("intab.json", lambda old: b"{"), "not valid JSON"),
    "no manifest": (manifest(format=9), "format must be 1"),
    "no dtypes": (manifest(dtypes={"q8": 5}), "must list its graph"),
    "no hashes": (
        change("intab.json", lambda old: old.replace(b'"sha256"', b'"chunk_size": 0, "x"')),
        "unknown keys",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
async def test_a_damaged_or_foreign_archive_leaves_everything_as_it_was(name: str) -> None:
    spoil, says = SPOILT[name]
    data = spoil(await Place().exported())
    for loads in (0, 1):
        there = await elsewhere(data, **{GRAPH: b"older"})
        for _ in range(loads):
            await there.load()
        before = dict(there.bodies)
        with pytest.raises(IntabError, match=says):
            await there.storage.import_("given.tar")
        assert there.bodies == before


async def test_too_little_room_is_told_before_anything_is_stored() -> None:
    there = await elsewhere(await Place().exported())
    there.runtime.store.quota = 10
    with pytest.raises(StorageError, match="room for 10"):
        await there.storage.import_("given.tar")
    assert there.bodies == {}


async def test_a_store_that_fills_up_is_left_as_it_was() -> None:
    there = await elsewhere(await Place().exported(), **{GRAPH: b"older"})
    await there.load()
    before = dict(there.bodies)
    there.runtime.store.full = sum(body.size for body in before.values()) + 3
    with pytest.raises(StorageError, match="quota"):
        await there.storage.import_("given.tar")
    assert there.bodies == before


async def test_what_was_stored_is_replaced() -> None:
    there = await elsewhere(await Place().exported(), **{GRAPH: b"older"})
    assert await there.load() == b"older"
    model = await there.storage.import_("given.tar")
    assert model.complete
    graphs = [
        b.data for t, b in there.bodies.items() if (k := parse_chunk_key(t)) and k.file == GRAPH
    ]
    assert graphs == [b"graph"]
    assert await _offline(there) == b"graph"


async def test_an_import_that_is_broken_off_leaves_the_old_or_the_new() -> None:
    """Stopped after any number of the event loop's turns; the new is there whole or not at all."""
    data = await Place().exported()
    outcomes = set()
    for turns in range(60):
        for loads in (0, 1):
            there = await elsewhere(data, **{GRAPH: b"older"})
            for _ in range(loads):
                await there.load()
            outcomes.add(await _broken_off(there, turns))
    assert outcomes == {"old", "new"}


async def _broken_off(there: Place, turns: int) -> str:
    """What is there after an import that was stopped after so many turns."""
    before = dict(there.bodies)
    task = asyncio.ensure_future(there.storage.import_("given.tar"))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    if there.bodies == before:
        return "old"
    [model] = await there.storage.list()
    assert (model.complete, model.verified) == (True, True), turns
    assert await _offline(there) == b"graph"
    return "new"
