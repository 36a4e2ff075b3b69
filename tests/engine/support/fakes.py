"""Stand-ins for what a platform provides, in memory: bodies, servers, stores, archives, a clock."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from intab.engine.io.protocols import Fetch, Room, Services
from intab.engine.io.ranges import Span
from intab.engine.io.retry import Clock, OnBytes
from intab.errors import ManifestError, StorageError


@dataclass(frozen=True)
class FakeBody:
    """Bytes in memory."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def text(self) -> str:
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            raise ManifestError("The file is not UTF-8 text.") from exc

    async def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class FakeAssembly:
    """A file while it is put together; what is never written stays 0xAA."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(b"\xaa" * size)

    def write(self, start: int, body: FakeBody) -> None:
        self.data[start : start + body.size] = body.data

    def finish(self) -> FakeBody:
        return FakeBody(bytes(self.data))


class FakeMemory:
    def allocate(self, size: int, *, hashing: bool) -> FakeAssembly:
        return FakeAssembly(size)

    def encode(self, text: str) -> FakeBody:
        return FakeBody(text.encode())

    async def hold(self, body: FakeBody) -> FakeBody:
        return body


@dataclass
class FakeReply:
    """An answer whose body comes in parts, each after a turn of the event loop."""

    status: int
    headers: Mapping[str, str]
    data: bytes = b""
    closed: bool = False
    hides: bool = False

    async def body(self, on_bytes: OnBytes) -> FakeBody:
        step = max(len(self.data) // 3, 1)
        for start in range(0, len(self.data), step):
            await asyncio.sleep(0)
            on_bytes(len(self.data[start : start + step]))
        return FakeBody(self.data)

    async def close(self) -> None:
        self.closed = True


@dataclass
class FakeFetch:
    """A server of files in a dict; an exception as the value is raised. Remembers the requests."""

    files: dict[str, bytes | Exception]
    asked: list[str] = field(default_factory=list)
    ranges: bool = True
    listed: list[str] | None = None

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> FakeReply:
        self.asked.append(f"{method} {address} {span}".strip())
        await asyncio.sleep(0)
        data = self.files.get(address)
        if isinstance(data, Exception):
            raise data
        if data is None:
            return FakeReply(404, {})
        headers = {"etag": hashlib.sha256(data).hexdigest()[:8]}
        if not span or not self.ranges:
            headers["content-length"] = str(len(data))
            return FakeReply(200, headers, data if method == "GET" else b"")
        first, last = map(int, span.removeprefix("bytes=").split("-"))
        if first >= len(data):
            return FakeReply(416, {"content-range": f"bytes */{len(data)}"})
        part = data[first : last + 1]
        headers["content-range"] = f"bytes {first}-{first + len(part) - 1}/{len(data)}"
        return FakeReply(206, headers, part)

    async def listing(self, address: str) -> list[str] | None:
        return self.listed


@dataclass
class FakeStore:
    """Bodies in a dict; refuses once it is `full`, and `broken` in every way."""

    bodies: dict[str, FakeBody] = field(default_factory=dict)
    quota: int | None = None
    full: int | None = None  # bytes after which put refuses
    broken: bool = False

    async def match(self, key: str) -> FakeBody | None:
        await self._turn()
        return self.bodies.get(key)

    async def put(self, key: str, body: FakeBody) -> None:
        await self._turn()
        if self.full is not None and self.used() + body.size > self.full:
            raise StorageError("the quota is met.")
        self.bodies[key] = body

    async def delete(self, key: str) -> None:
        await self._turn()
        self.bodies.pop(key, None)

    async def keys(self) -> list[str]:
        await self._turn()
        return list(self.bodies)

    async def room(self) -> Room:
        await self._turn()
        return Room(self.used(), self.quota)

    def used(self) -> int:
        return sum(body.size for body in self.bodies.values())

    async def _turn(self) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise StorageError("there is no store here.")


@dataclass(frozen=True)
class FakeArchive:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, span: Span) -> bytes:
        return self.data[span.start : span.end]

    def body(self, span: Span) -> FakeBody:
        return FakeBody(self.read(span))


@dataclass
class FakeDraft:
    files: dict[str, bytes]
    name: str
    data: bytes = b""

    async def write(self, body: FakeBody) -> None:
        await asyncio.sleep(0)
        self.data += body.data

    async def close(self) -> str:
        self.files[self.name] = self.data
        return self.name

    async def abort(self) -> None:
        self.data = b""


@dataclass
class FakeArchives:
    """Files in a dict."""

    files: dict[str, bytes] = field(default_factory=dict)

    async def open(self, source: str) -> FakeArchive:
        return FakeArchive(self.files[source])

    async def create(self, target: str) -> FakeDraft:
        return FakeDraft(self.files, target)


class FakeTime:
    """Time that passes when somebody sleeps: a turn of the event loop is a quarter of a second."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        end = self.time + seconds
        while self.time < end:
            self.time += 0.25
            await asyncio.sleep(0)

    def clock(self, coin: Callable[[], float] = lambda: 1.0) -> Clock:
        return Clock(lambda: self.time, lambda: self.time, self.sleep, coin)


def fake_means(fetch: Fetch[FakeBody], store: FakeStore | None = None) -> Services[FakeBody]:
    """Services over fakes, with a lock that locks."""
    locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
    clock = FakeTime().clock()
    memory, archives = FakeMemory(), FakeArchives()
    store = store or FakeStore()
    return Services(fetch, memory, store, lambda name: _hold(locks[name]), archives, clock=clock)


@asynccontextmanager
async def _hold(lock: asyncio.Lock) -> AsyncIterator[None]:
    async with lock:
        yield
