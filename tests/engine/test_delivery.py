"""Deliveries over fakes: order does not matter, nothing is fetched twice, nothing wrong is used."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass, field, replace

import pytest

from intab.engine.delivery import Delivery, Pace
from intab.engine.download import Notice, Progress
from intab.engine.keys import ModelKey, parse_chunk_key
from intab.engine.locate import Location
from intab.engine.manifest import FileEntry
from intab.engine.ranges import plan
from intab.engine.retry import OnBytes, Patience
from intab.engine.shelf import open_shelf
from intab.errors import DamagedError, DownloadError, ModelNotFoundError, StorageError
from tests.engine.conftest import FakeBody, FakeFetch, FakeReply, FakeStore, fake_means
from tests.engine.faults import FAULTS, SILENT, Fault

BASE = "https://host/m/"
NAME = "onnx/model.onnx"
DATA = random.Random(1).randbytes(100)
SHA256 = hashlib.sha256(DATA).hexdigest()
HASHED = FileEntry(100, SHA256)
CHUNK = 16
CHUNKS = len(plan(100, CHUNK))
DIGESTS = tuple(hashlib.sha256(DATA[s.start : s.end]).hexdigest() for s in plan(100, CHUNK))
CHUNKED = FileEntry(100, SHA256, CHUNK, DIGESTS)


@dataclass
class ScriptedFetch(FakeFetch):
    """Spoils the answers to the requests with these numbers, from 0."""

    script: dict[int, Fault] = field(default_factory=dict)

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> FakeReply:
        number = len(self.asked)
        reply = await super().request(address, span, method)
        return self.script[number](reply) if number in self.script else reply


class Visit:
    """A server with one file, a store, and what is heard while it is delivered."""

    def __init__(
        self, entry: FileEntry = HASHED, store: FakeStore | None = None, chunk: int = CHUNK
    ) -> None:
        self.entry = entry
        self.chunk = chunk
        self.store = store or FakeStore()
        self.fetch = ScriptedFetch({BASE + NAME: DATA})
        self.means = replace(fake_means(self.fetch, self.store), patience=Patience(3))
        self.keep = True
        self.seen: list[Progress] = []
        self.notices: list[Notice] = []

    async def load(self) -> bytes:
        location, key = Location("m", BASE), ModelKey(BASE)
        async with open_shelf(self.means, key, self.notices.append, keep=self.keep) as shelf:
            told = (self.seen.append, self.notices.append, Pace(self.chunk))
            delivery = Delivery(self.means, shelf, location, {NAME: self.entry}, *told)
            await delivery.check_room()
            body = await delivery.get(NAME)
            await shelf.note()
        return body.data

    def asked(self) -> list[str]:
        """The ranges asked for since the last look."""
        lines = [line.split()[-1] for line in self.fetch.asked]
        self.fetch.asked.clear()
        return lines

    def kinds(self) -> list[str]:
        return [notice.kind for notice in self.notices]

    def keys(self) -> list[str]:
        return [key for key in self.store.bodies if parse_chunk_key(key)]


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
