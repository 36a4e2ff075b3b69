"""Deliveries over fakes: order does not matter, nothing is fetched twice, nothing wrong is used."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import pytest

from intab.engine.io.file_entry import FileEntry
from intab.engine.io.ranges import plan
from intab.engine.io.retry import OnBytes
from intab.errors import DamagedError, DownloadError, ModelNotFoundError
from tests.engine.support.fakes import FakeBody, FakeReply
from tests.engine.support.faults import FAULTS, SILENT
from tests.engine.support.visiting import (
    BASE,
    CHUNK,
    CHUNKED,
    CHUNKS,
    DATA,
    DIGESTS,
    HASHED,
    NAME,
    Visit,
)


async def test_a_file_comes_in_chunks_and_is_not_fetched_again() -> None:
    visit = Visit()
    assert await visit.load() == DATA
    assert visit.asked() == [span.header for span in plan(100, CHUNK)]
    assert len(visit.keys()) == CHUNKS
    assert await visit.load() == DATA
    assert visit.asked() == []


@pytest.mark.parametrize("seed", range(20))
async def test_chunks_that_arrive_out_of_order(seed: int) -> None:
    coin = random.Random(seed)

    @dataclass
    class Late(FakeReply):
        async def body(self, on_bytes: OnBytes) -> FakeBody:
            for _ in range(coin.randrange(12)):
                await asyncio.sleep(0)
            return await super().body(on_bytes)

    visit = Visit()
    visit.fetch.script = dict.fromkeys(range(50), lambda r: Late(r.status, r.headers, r.data))
    assert await visit.load() == DATA


async def test_a_reload_fetches_only_what_is_missing_and_counts_the_rest_at_once() -> None:
    visit = Visit()
    visit.fetch.script = dict.fromkeys(range(4, 99), FAULTS["500"])
    with pytest.raises(DownloadError, match="500"):
        await visit.load()
    kept = len(visit.keys())
    assert 0 < kept <= 4
    visit.fetch.script, visit.seen = {}, []
    visit.asked()
    assert await visit.load() == DATA
    assert len(visit.asked()) == CHUNKS - kept
    assert visit.seen[0].loaded == kept * CHUNK
    assert (visit.seen[-1].loaded, visit.seen[-1].total) == (100, 100)


@pytest.mark.parametrize("fault", ["drop", "stall", "truncate", "too long", "429", "500", "503"])
async def test_what_passes_costs_one_more_request(fault: str) -> None:
    visit = Visit()
    visit.fetch.script = {2: FAULTS[fault]}
    assert await visit.load() == DATA
    assert len(visit.asked()) == CHUNKS + 1
    assert [p.loaded for p in visit.seen] == sorted(p.loaded for p in visit.seen)
    assert (visit.seen[-1].loaded, visit.seen[-1].total) == (100, 100)  # nothing counted twice


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("drop", "broke off It was tried 3 times"),
        ("stall", "nothing arrived for 30 s"),
        ("truncate", "8 of 16 bytes arrived"),
        ("429", "answered 429"),
        ("shifted range", "sent bytes 1-3 instead of 0-16"),
        ("a page", "a web page instead of the file"),
        ("403", "ask its owner"),
        ("416", "shorter on the server"),
    ],
)
async def test_what_does_not_pass_is_one_sentence(fault: str, says: str) -> None:
    visit = Visit()
    visit.fetch.script = dict.fromkeys(range(99), FAULTS[fault])
    with pytest.raises(DownloadError, match=says):
        await visit.load()


async def test_a_file_that_is_not_there() -> None:
    visit = Visit()
    visit.fetch.files.clear()
    with pytest.raises(ModelNotFoundError, match=f"no file at {BASE}{NAME}"):
        await visit.load()


async def test_a_file_that_changes_in_the_middle_is_begun_anew_and_that_is_said() -> None:
    visit = Visit()
    visit.fetch.script = {3: FAULTS["other etag"]}
    assert await visit.load() == DATA
    assert visit.kinds() == ["damaged"]
    assert "was replaced on the server" in visit.notices[0].text
    assert len(visit.asked()) >= CHUNKS + 4


async def test_a_file_that_keeps_changing_is_an_error() -> None:
    visit = Visit()
    visit.fetch.script = dict.fromkeys(range(1, 99, 2), FAULTS["other etag"])
    with pytest.raises(DamagedError, match="was replaced"):
        await visit.load()
    assert visit.keys() == []


@pytest.mark.parametrize("fault", SILENT)
async def test_damage_on_the_way_is_found_by_the_whole_file_s_hash(fault: str) -> None:
    visit = Visit()
    visit.fetch.script = {2: SILENT[fault]}
    assert await visit.load() == DATA
    assert visit.kinds() == ["damaged"]
    visit.fetch.script = dict.fromkeys(range(99), SILENT[fault])
    visit.store.bodies.clear()
    with pytest.raises(DamagedError, match="is damaged"):
        await visit.load()
    assert visit.keys() == []


async def test_damage_on_the_way_costs_one_chunk_where_the_manifest_has_their_hashes() -> None:
    visit = Visit(CHUNKED)
    visit.fetch.script = {2: SILENT["flipped bit"]}
    assert await visit.load() == DATA
    assert (visit.kinds(), len(visit.asked())) == ([], CHUNKS + 1)
    visit.store.bodies.clear()
    visit.fetch.script = dict.fromkeys(range(99), SILENT["flipped bit"])
    with pytest.raises(DownloadError, match="arrived damaged"):
        await visit.load()
    assert visit.keys() == []


async def test_damage_in_the_store_costs_that_chunk() -> None:
    visit = Visit()
    await visit.load()
    spoilt = visit.keys()[3]
    visit.store.bodies[spoilt] = FakeBody(b"?" * CHUNK)
    visit.asked()
    assert await visit.load() == DATA
    assert len(visit.asked()) == 1
    assert visit.store.bodies[spoilt].data == DATA[48:64]


@pytest.mark.parametrize("entry", [HASHED, CHUNKED, FileEntry()])
async def test_a_file_goes_on_with_the_chunks_it_was_begun_with(entry: FileEntry) -> None:
    visit = Visit(FileEntry(entry.size, entry.sha256), chunk=CHUNK // 2)
    visit.fetch.script = dict.fromkeys(range(5, 99), FAULTS["500"])
    with pytest.raises(DownloadError):
        await visit.load()
    kept = len(visit.keys())
    visit.fetch.script, visit.chunk, visit.entry = {}, CHUNK, entry
    visit.asked()
    assert await visit.load() == DATA
    parts = [part for part in visit.asked() if part != "bytes=0-0"]
    assert len(parts) == len(plan(100, CHUNK // 2)) - kept
    assert await visit.load() == DATA


async def test_chunks_that_nothing_can_verify_come_again() -> None:
    visit = Visit(FileEntry(100), chunk=CHUNK // 2)
    await visit.load()
    visit.entry = FileEntry(100, "", CHUNK, DIGESTS)
    visit.asked()
    assert await visit.load() == DATA
    assert len(visit.keys()) == CHUNKS


@pytest.mark.parametrize("entry", [HASHED, FileEntry()])
async def test_a_server_without_ranges_sends_one_piece(entry: FileEntry) -> None:
    visit = Visit(entry)
    visit.fetch.ranges = False
    assert await visit.load() == DATA
    assert len(visit.keys()) == 1
    visit.asked()
    assert await visit.load() == DATA
    assert [line for line in visit.fetch.asked if line.startswith("GET")] == []


async def test_a_server_that_forgets_ranges_in_the_middle() -> None:
    visit = Visit()
    visit.fetch.script = {3: lambda r: FakeReply(200, r.headers, DATA)}
    assert await visit.load() == DATA
    assert len(visit.keys()) == 1


async def test_parts_that_are_compressed_on_the_way_are_not_used() -> None:
    visit = Visit()
    visit.fetch.script = {0: FAULTS["gzip"]}
    assert await visit.load() == DATA
    assert visit.asked()[-1] == BASE + NAME  # the whole


async def test_what_a_server_hides_is_not_needed() -> None:
    visit = Visit()
    visit.fetch.script = dict.fromkeys(
        range(99), lambda r: FAULTS["no etag"](FAULTS["hidden range"](r))
    )
    assert await visit.load() == DATA
    assert len(visit.asked()) == CHUNKS


async def test_a_size_that_is_not_known_is_asked_for() -> None:
    visit = Visit(FileEntry())
    assert await visit.load() == DATA
    assert visit.asked()[:2] == ["bytes=0-0", "bytes=0-15"]
    assert visit.seen[-1].total == 100


async def test_a_file_of_no_bytes() -> None:
    visit = Visit(FileEntry())
    visit.fetch.files[BASE + NAME] = b""
    assert await visit.load() == b""
    assert await visit.load() == b""
