"""A server that goes wrong in one way a request, as a plan says: for test_faults.py.

Each fault is a function that spoils an answer. Those in SILENT can only be found by a hash.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from intab.engine.io.retry import OnBytes
from intab.errors import TemporaryError
from tests.engine.support.fakes import FakeBody, FakeFetch, FakeReply


@dataclass
class Breaking(FakeReply):
    """Breaks off, or falls silent, in the middle of the body."""

    forever: bool = False

    async def body(self, on_bytes: OnBytes) -> FakeBody:
        on_bytes(len(self.data) // 2)
        await asyncio.sleep(0)
        if self.forever:
            await asyncio.Event().wait()
        raise TemporaryError("the connection broke off")


Fault = Callable[[FakeReply], FakeReply]


def with_headers(reply: FakeReply, **headers: str) -> FakeReply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(reply, headers={**reply.headers, **named})


def without(reply: FakeReply, name: str) -> FakeReply:
    return replace(reply, headers={k: v for k, v in reply.headers.items() if k != name})


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :] if data else data


FAULTS: dict[str, Fault] = {
    "drop": lambda r: Breaking(r.status, r.headers, r.data),
    "stall": lambda r: Breaking(r.status, r.headers, r.data, forever=True),
    "truncate": lambda r: replace(r, data=r.data[: len(r.data) // 2]),
    "too long": lambda r: replace(r, data=r.data + b"!"),
    "wrong length": lambda r: with_headers(r, content_length=str(len(r.data) + 7)),
    "429": lambda r: FakeReply(429, {"retry-after": "3"}),
    "500": lambda r: FakeReply(500, {}),
    "503": lambda r: FakeReply(503, {"retry-after": "soon"}),
    "403": lambda r: FakeReply(403, {}),
    "404": lambda r: FakeReply(404, {}),
    "416": lambda r: FakeReply(416, {"content-range": "bytes */3"}),
    "wrong range": lambda r: with_headers(r, content_range="bytes 1-2/999"),
    "shifted range": lambda r: with_headers(r, content_range="bytes 1-2/*"),
    "hidden range": lambda r: without(r, "content-range"),
    "no etag": lambda r: without(r, "etag"),
    "other etag": lambda r: with_headers(r, etag="other"),
    "gzip": lambda r: with_headers(r, content_encoding="gzip"),
    "a page": lambda r: FakeReply(200, {"content-type": "text/html"}, b"<!doctype html>"),
}
SILENT: dict[str, Fault] = {
    "flipped bit": lambda r: replace(r, data=flip(r.data)),
    "another chunk": lambda r: replace(r, data=r.data[::-1]),
}


@dataclass
class FaultyFetch(FakeFetch):
    """Answers well, or with one of `faults` as often as `chance` says."""

    coin: random.Random = field(default_factory=random.Random)
    chance: float = 0.0
    faults: dict[str, Fault] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> FakeReply:
        for _ in range(self.coin.randrange(3)):  # so that answers overtake each other
            await asyncio.sleep(0)
        reply = await super().request(address, span, method)
        if not self.faults or self.coin.random() >= self.chance:
            return reply
        name = self.coin.choice([*self.faults, "refused", "silence"])
        self.happened.append(name)
        if name == "refused":
            raise TemporaryError("the connection was refused")
        if name == "silence":
            await asyncio.Event().wait()
        return self.faults[name](reply)
