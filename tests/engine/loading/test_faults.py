"""After any sequence of faults, kills and reloads: the right bytes or one clear error.

Every seed is a sequence: a file, a manifest that knows more or less of it, some visits on which
the server and the store go wrong and the page is killed, and a last visit on which all is well.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
from collections import Counter
from dataclasses import dataclass, replace

import pytest

from intab.engine.hub.locate import Location
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.protocols import Notice, Progress, Services
from intab.engine.io.ranges import plan
from intab.engine.io.retry import RetryPolicy
from intab.engine.loading.download import Download, Pace
from intab.engine.storage.keys import ModelKey, parse_chunk_key
from intab.engine.storage.model_cache import open_model_cache
from intab.errors import IntabError
from tests.engine.support.fakes import FakeBody, FakeStore, fake_means
from tests.engine.support.faults import FAULTS, SILENT, FaultyFetch, flip

# Inside Pyodide half of them: the paths are the same, and every fault still comes in each batch.
SEQUENCES = 600 if sys.platform == "emscripten" else 1200
BATCHES = 12
BASE = "https://host/m/"
NAME = "onnx/model.onnx"


@dataclass
class World:
    """A file on a server, a store, and what a manifest says."""

    coin: random.Random

    def __post_init__(self) -> None:
        self.chunk = self.coin.choice([16, 32, 50])
        self.data = self.coin.randbytes(self.coin.randrange(1, 400))
        self.store = FakeStore()
        self.fetch = FaultyFetch({BASE + NAME: self.data}, coin=self.coin)
        self.entry = self.coin.choice([self.unknown, self.sized, self.hashed, self.chunked])()
        services = fake_means(self.fetch, self.store)
        self.services: Services[FakeBody] = replace(services, retry_policy=RetryPolicy(3, stall=60))

    def unknown(self) -> FileEntry:
        return FileEntry()

    def sized(self) -> FileEntry:
        return FileEntry(len(self.data))

    def hashed(self) -> FileEntry:
        return FileEntry(len(self.data), hashlib.sha256(self.data).hexdigest())

    def chunked(self) -> FileEntry:
        spans = plan(len(self.data), self.chunk)
        chunks = [hashlib.sha256(self.data[s.start : s.end]).hexdigest() for s in spans]
        return FileEntry(len(self.data), self.hashed().sha256, self.chunk, tuple(chunks))

    async def load(self, seen: list[Progress], notices: list[Notice]) -> bytes:
        location = Location("m", BASE)
        async with open_model_cache(self.services, ModelKey(BASE), notices.append) as model_cache:
            files, pace = {NAME: self.entry}, Pace(self.chunk, self.coin.randrange(1, 7))
            delivery = Download(
                self.services, model_cache, location, files, seen.append, notices.append, pace
            )
            await delivery.check_room()
            body = (await delivery.get_all())[NAME]
            await model_cache.note()
        return body.data

    async def visit(self) -> bytes | None:
        """One visit, killed at some moment perhaps; None where it ended in an error of ours."""
        seen: list[Progress] = []
        task = asyncio.ensure_future(self.load(seen, []))
        if self.coin.random() < 0.5:
            for _ in range(self.coin.randrange(80)):
                await asyncio.sleep(0)
            task.cancel()
        try:
            return await task
        except (IntabError, asyncio.CancelledError):
            return None
        finally:
            assert [p.loaded for p in seen] == sorted(p.loaded for p in seen)
            assert all(p.loaded <= p.total for p in seen)

    def go_wrong(self) -> None:
        self.fetch.faults = {**FAULTS, **SILENT} if self.entry.sha256 else FAULTS
        self.fetch.chance = self.coin.choice([0.1, 0.4, 0.9])
        self.fetch.ranges = self.coin.random() < 0.8
        self.store.full = self.coin.choice([None, None, 60])
        self.store.broken = self.coin.random() < 0.1

    def go_right(self) -> None:
        self.fetch.chance, self.fetch.ranges = 0.0, True
        self.store.full, self.store.broken = None, False

    def spoil_the_store(self) -> None:
        for key, body in list(self.store.bodies.items()):
            match self.coin.randrange(6):
                case 0:
                    self.store.bodies[key] = FakeBody(flip(body.data))
                case 1:
                    del self.store.bodies[key]

    def wrong_chunks(self, *, as_put: bool = False) -> list[str]:
        """Keys whose bytes are not the file's; or were not, when they were put there."""
        wrong = []
        for text, body in self.store.bodies.items():
            if key := parse_chunk_key(text):
                right = self.data[key.span.start : key.span.end]
                digest = hashlib.sha256(right).hexdigest()
                if (key.digest != digest) if as_put else (body.data != right):
                    wrong.append(text)
        return wrong


async def run_sequence(seed: int) -> Counter[str]:
    world = World(random.Random(seed))
    for _ in range(world.coin.randrange(1, 5)):
        world.go_wrong()
        data = await world.visit()
        if data is not None:
            assert data == world.data
            assert world.store.broken or world.wrong_chunks() == []
        if world.entry.chunks:
            assert world.wrong_chunks(as_put=True) == []
        if world.coin.random() < 0.3:
            world.spoil_the_store()
    world.go_right()
    assert await world.load([], []) == world.data
    assert world.wrong_chunks() == []
    world.fetch.asked.clear()
    assert await world.load([], []) == world.data
    parts = [
        line for line in world.fetch.asked if line.startswith("GET") and "bytes=0-0" not in line
    ]
    assert parts == []  # all of it was stored
    return Counter(world.fetch.happened)


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_the_right_bytes_or_one_clear_error(batch: int) -> None:
    happened: Counter[str] = Counter()
    for seed in range(batch, SEQUENCES, BATCHES):
        try:
            happened += await run_sequence(seed)
        except Exception as exc:
            exc.add_note(f"in sequence {seed}")
            raise
    assert set(happened) == {*FAULTS, *SILENT, "refused", "silence"}
