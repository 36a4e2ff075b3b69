"""A real server of one file that goes wrong on purpose, one fault a request.

Bytes are written to the socket as they are, since friendlier servers refuse to lie. Every answer
has CORS headers, so that a page of another origin may read it.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Range, ETag, Retry-After, Content-Encoding",
}


@dataclass
class Answer:
    """What is about to be sent; `after` is what happens once it is: close, stall or trickle."""

    status: int
    headers: dict[str, str]
    body: bytes
    after: str = "close"


Fault = Callable[[Answer, bytes, str], Answer | None]


def _cut(answer: Answer, whole: bytes, host: str) -> Answer:
    answer.body = answer.body[: len(answer.body) // 2]
    return answer


def _truncate(answer: Answer, whole: bytes, host: str) -> Answer:
    answer.body = answer.body[: len(answer.body) // 2]
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


def _after(what: str) -> Fault:
    def fault(answer: Answer, whole: bytes, host: str) -> Answer:
        answer.after = what
        return answer

    return fault


def _headers(**headers: str | None) -> Fault:
    def fault(answer: Answer, whole: bytes, host: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        merged: dict[str, str | None] = {**answer.headers, **named}
        answer.headers = {name: value for name, value in merged.items() if value is not None}
        return answer

    return fault


def _status(status: int, body: bytes = b"", **headers: str) -> Fault:
    def fault(answer: Answer, whole: bytes, host: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(status, {**CORS, **named, "Content-Length": str(len(body))}, body)

    return fault


def _whole(answer: Answer, whole: bytes, host: str) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Range"}
    return Answer(200, {**headers, "Content-Length": str(len(whole))}, whole)


def _gzip(answer: Answer, whole: bytes, host: str) -> Answer:
    answer = _whole(answer, whole, host)
    answer.body = gzip.compress(whole, 1)
    length = {"Content-Length": str(len(answer.body))}
    answer.headers |= {"Content-Encoding": "gzip", **length}
    return answer


def _other_chunk(answer: Answer, whole: bytes, host: str) -> Answer:
    answer.body = answer.body[::-1]
    return answer


def _flip(answer: Answer, whole: bytes, host: str) -> Answer:
    if answer.body:
        answer.body = bytes([answer.body[0] ^ 1]) + answer.body[1:]
    return answer


def _redirect(answer: Answer, whole: bytes, host: str) -> Answer:
    return Answer(302, {**CORS, "Location": host, "Content-Length": "0"}, b"")


def _refuse(answer: Answer, whole: bytes, host: str) -> None:
    return None


FAULTS: dict[str, Fault] = {
    "hang up": _refuse,
    "drop": _cut,
    "truncate": _truncate,
    "stall": lambda a, w, h: _after("stall")(_cut(a, w, h), w, h),
    "slow": _after("trickle"),
    "429": _status(429, Retry_After="0"),
    "500": _status(500),
    "503": _status(503),
    "403": _status(403),
    "416": _status(416, Content_Range="bytes */3"),
    "wrong range": _headers(Content_Range="bytes 1-2/999999"),
    "other part": _headers(Content_Range="bytes 1-2/*"),
    "no range header": _headers(Content_Range=None),
    "another chunk": _other_chunk,
    "flipped bit": _flip,
    "etag change": _headers(ETag='"other"'),
    "no etag": _headers(ETag=None),
    "no length": _headers(Content_Length=None),
    "wrong length": _headers(Content_Length="999999"),
    "no ranges": _whole,
    "gzip": _gzip,
    "redirect": _redirect,
    "a page": _status(200, b"<!doctype html>", Content_Type="text/html"),
}


@dataclass
class FaultyServer:
    """Serves `data` at every path; `chance` of a fault, chosen by `coin`. A client begins a visit
    by asking for /control/SEED/CHANCE."""

    data: bytes = b""
    coin: random.Random = field(default_factory=random.Random)
    chance: float = 0.0
    port: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    wanted: tuple[str, ...] = tuple(FAULTS)
    reached: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)  # by a stalled client
    kill_at: int = -1  # the request at which `reached` is set

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def go_wrong(self, seed: int, chance: float, *, kill_at: int = -1) -> None:
        """Begin a visit; `reached` is set by the request with that number."""
        self.coin, self.chance = random.Random(seed), chance
        self.kill_at = self.requests + kill_at if kill_at >= 0 else -1
        self.reached.clear()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            answer = self._spoil(self._answer(request), request)
            if answer:
                await _send(writer, answer)
                if answer.after == "stall":
                    await reader.read()  # until the client gives up
                    self.hung_up.set()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, as clients that are killed do
        finally:
            writer.close()

    def _answer(self, request: str) -> Answer:
        headers = {**CORS, "ETag": f'"{hashlib.sha256(self.data).hexdigest()[:8]}"'}
        found = re.search(r"^range: bytes=(\d+)-(\d+)", request, re.MULTILINE | re.IGNORECASE)
        body, status = self.data, 200
        if found:
            first, last = int(found[1]), min(int(found[2]), len(self.data) - 1)
            body, status = self.data[first : last + 1], 206
            headers["Content-Range"] = f"bytes {first}-{last}/{len(self.data)}"
        headers["Content-Length"] = str(len(body))
        return Answer(status, headers, b"" if request.startswith("HEAD") else body)

    def _spoil(self, answer: Answer, request: str) -> Answer | None:
        if told := re.match(r"GET /control/(\d+)/([\d.]+) ", request):
            self.go_wrong(int(told[1]), float(told[2]))
            return Answer(204, dict(CORS), b"")
        self.requests += 1
        if self.requests == self.kill_at:
            self.reached.set()
        if self.coin.random() >= self.chance or "/redirected" in request:
            return answer
        name = self.coin.choice(self.wanted)
        self.happened[name] += 1
        return FAULTS[name](answer, self.data, f"http://localhost:{self.port}/redirected")


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    lines = [f"HTTP/1.1 {answer.status} x", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    step = max(len(answer.body) // 8, 1) if answer.after == "trickle" else len(answer.body) or 1
    for start in range(0, len(answer.body), step):
        writer.write(answer.body[start : start + step])
        await writer.drain()
        await asyncio.sleep(0.02 if answer.after == "trickle" else 0)


@contextmanager
def serving_faults(data: bytes) -> Iterator[FaultyServer]:
    """The server, in a thread with a loop of its own."""
    server, loop = FaultyServer(data), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    listening = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(server.handle, "127.0.0.1", 0), loop
    ).result(10)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
