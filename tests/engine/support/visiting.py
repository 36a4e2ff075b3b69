"""A delivery over fakes: one file on a server that may be spoilt, a store, and what is heard."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field, replace

from intab.engine.hub.locate import Location
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.protocols import Notice, Progress
from intab.engine.io.ranges import plan
from intab.engine.io.retry import RetryPolicy
from intab.engine.loading.download import Download, Pace
from intab.engine.storage.keys import ModelKey, parse_chunk_key
from intab.engine.storage.model_cache import open_model_cache
from tests.engine.support.fakes import FakeFetch, FakeReply, FakeStore, fake_means
from tests.engine.support.faults import Fault

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
        self.services = replace(fake_means(self.fetch, self.store), retry_policy=RetryPolicy(3))
        self.keep = True
        self.seen: list[Progress] = []
        self.notices: list[Notice] = []

    async def load(self) -> bytes:
        location, key = Location("m", BASE), ModelKey(BASE)
        async with open_model_cache(
            self.services, key, self.notices.append, keep=self.keep
        ) as model_cache:
            told = (self.seen.append, self.notices.append, Pace(self.chunk))
            delivery = Download(self.services, model_cache, location, {NAME: self.entry}, *told)
            await delivery.check_room()
            body = await delivery.get(NAME)
            await delivery.tidy()
            await model_cache.note()
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
