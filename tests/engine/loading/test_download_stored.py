"""Deliveries into a store: what is there is used, what is wrong is not, and storing may fail."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace

import pytest

from intab.engine.io.file_entry import FileEntry
from intab.engine.io.retry import OnBytes
from intab.engine.loading.download import Pace
from intab.engine.storage.keys import parse_chunk_key
from intab.errors import StorageError
from tests.engine.support.fakes import FakeBody, FakeReply, FakeStore
from tests.engine.support.faults import FAULTS, SILENT
from tests.engine.support.visiting import BASE, CHUNK, CHUNKS, DATA, NAME, Visit


async def test_without_a_sha256_the_server_is_asked_whether_the_file_is_the_same() -> None:
    visit = Visit(FileEntry())
    await visit.load()
    visit.asked()
    await visit.load()
    assert visit.asked() == ["bytes=0-0"]
    visit.fetch.files[BASE + NAME] = b"another file of another size"
    assert await visit.load() == b"another file of another size"
    assert visit.kinds() == ["changed"]
    visit.fetch.script = dict.fromkeys(range(99), FAULTS["500"])
    assert await visit.load() == b"another file of another size"


async def test_another_manifest_means_another_file() -> None:
    visit = Visit()
    await visit.load()
    visit.fetch.files[BASE + NAME] = DATA[::-1]
    visit.entry = FileEntry(100, hashlib.sha256(DATA[::-1]).hexdigest())
    assert await visit.load() == DATA[::-1]
    assert len(visit.keys()) == CHUNKS  # the old ones are gone


async def test_too_little_room_is_said_before_the_first_byte_with_both_numbers() -> None:
    visit = Visit(store=FakeStore(quota=99))
    with pytest.raises(StorageError, match=r"needs 100 bytes more, and there is room for 99:"):
        await visit.load()
    assert visit.asked() == []
    visit.keep = False
    assert await visit.load() == DATA
    assert visit.store.bodies == {}


async def test_an_update_that_does_not_fit_costs_nothing_that_is_stored() -> None:
    visit = Visit(store=FakeStore())
    await visit.load()
    visit.store.quota = visit.store.used() + 10
    larger = DATA * 2
    visit.fetch.files[BASE + NAME] = larger
    before, visit.entry = visit.entry, FileEntry(200, hashlib.sha256(larger).hexdigest())
    with pytest.raises(StorageError, match="needs 200 bytes more, and there is room for 110:"):
        await visit.load()
    visit.entry = before
    visit.asked()
    assert await visit.load() == DATA
    assert visit.asked() == []


async def test_where_there_is_no_room_for_both_the_older_version_goes_first() -> None:
    visit = Visit(store=FakeStore())
    await visit.load()
    visit.store.quota = visit.store.used() + 10
    visit.fetch.files[BASE + NAME] = DATA[::-1]
    visit.entry = FileEntry(100, hashlib.sha256(DATA[::-1]).hexdigest())
    assert await visit.load() == DATA[::-1]
    assert visit.store.used() <= visit.store.quota
    assert visit.kinds() == []


async def test_what_is_stored_needs_no_more_room() -> None:
    visit = Visit(store=FakeStore())
    await visit.load()
    visit.store.quota = 0
    assert await visit.load() == DATA


async def test_a_quota_met_half_way_ends_storing_not_loading() -> None:
    visit = Visit(store=FakeStore(full=50))
    assert await visit.load() == DATA
    assert visit.kinds() == ["memory"]
    assert "not kept for the next visit: the quota is met" in visit.notices[0].text


async def test_what_is_wrong_is_deleted_from_a_store_that_keeps_no_more() -> None:
    visit = Visit(store=FakeStore(full=50))
    visit.fetch.script = {0: SILENT["flipped bit"]}
    assert await visit.load() == DATA
    assert set(visit.kinds()) == {"memory", "damaged"}
    assert visit.keys() == []


async def test_a_store_that_does_not_open_needs_no_room() -> None:
    @dataclass
    class Closed(FakeStore):
        async def keys(self) -> list[str]:
            raise StorageError("it does not open.")

    visit = Visit(store=Closed(quota=50))
    assert await visit.load() == DATA
    assert visit.kinds() == ["memory"]


async def test_no_store_at_all() -> None:
    visit = Visit(store=FakeStore(broken=True))
    assert await visit.load() == DATA
    assert visit.kinds() == ["memory"]


async def test_a_store_that_breaks_while_it_is_read() -> None:
    visit = Visit()
    await visit.load()
    chunk = visit.store.match

    async def fail(key: str) -> FakeBody | None:
        if parse_chunk_key(key):
            raise StorageError("the disk is gone.")
        return await chunk(key)

    visit.store.match = fail  # type: ignore[method-assign]
    assert await visit.load() == DATA
    assert visit.kinds() == ["memory"]


async def test_cancelling_ends_at_once_and_keeps_what_has_arrived() -> None:
    three = asyncio.Event()

    @dataclass
    class Telling(FakeStore):
        async def put(self, key: str, body: FakeBody) -> None:
            await super().put(key, body)
            if len(self.bodies) == 3:
                three.set()

    visit = Visit(store=Telling())
    task = asyncio.ensure_future(visit.load())
    await three.wait()
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert task.cancelled()
    kept = len(visit.keys())
    visit.asked()
    assert await visit.load() == DATA
    assert len(visit.asked()) == CHUNKS - kept


async def test_a_chunk_that_was_not_there_when_the_whole_was_verified_is_not_trusted() -> None:
    visit = Visit()
    await visit.load()
    key = parse_chunk_key(visit.keys()[2])
    assert key is not None
    late = FakeBody(b"?" * CHUNK)  # put by a tab that was killed, say
    visit.store.bodies[str(replace(key, digest=await late.sha256()))] = late
    assert await visit.load() == DATA
    assert await visit.load() == DATA


async def test_two_at_once_download_once() -> None:
    visit = Visit()
    assert list(await asyncio.gather(visit.load(), visit.load())) == [DATA] * 2
    assert len(visit.asked()) == CHUNKS


async def test_no_more_than_some_are_asked_for_at_a_time() -> None:
    open_now, most = 0, 0

    @dataclass
    class Counted(FakeReply):
        async def body(self, on_bytes: OnBytes) -> FakeBody:
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            body = await super().body(on_bytes)
            open_now -= 1
            return body

    visit = Visit()
    visit.fetch.script = dict.fromkeys(range(99), lambda r: Counted(r.status, r.headers, r.data))
    await visit.load()
    assert 3 <= most <= Pace().at_a_time


async def test_every_answer_is_closed() -> None:
    replies: list[FakeReply] = []

    def remember(reply: FakeReply) -> FakeReply:
        replies.append(reply)
        return reply

    visit = Visit()
    visit.fetch.script = dict.fromkeys(range(99), remember)
    await visit.load()
    assert replies
    assert all(reply.closed for reply in replies)
