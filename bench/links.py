"""A server behind a slow link, in a process of its own: `python -m bench.links FOLDER`.

Each connection has its own latency and rate, as a distant server's has; files are sent straight
from the disk where there is no rate. It knows GET, HEAD, Range, and /sent, which tells the bytes
of files sent so far.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STEP = 64 * 1024
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Range, ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
    "Cache-Control": "no-store",  # or the HTTP cache would keep a second copy
}


@dataclass
class Link:
    """Serves a folder; latency in seconds a round trip, rate in bytes a second, 0 without end."""

    folder: Path
    latency: float = 0.0
    rate: float = 0.0
    sent: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.sleep(self.latency)  # the connection's own round trip
            while request := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(self.latency)
                await self._answer(request.decode("latin-1"), writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    async def _answer(self, request: str, writer: asyncio.StreamWriter) -> None:
        method, path, _ = request.split(" ", 2)
        if path == "/sent":
            _head(writer, 200, {"Content-Length": str(len(str(self.sent)))})
            writer.write(str(self.sent).encode())
            return
        file = self.folder / path.partition("?")[0].lstrip("/")
        if method == "OPTIONS":
            allowed = {"Access-Control-Allow-Headers": "*", "Content-Length": "0"}
            _head(writer, 204, {**allowed, "Access-Control-Max-Age": "600"})
        elif not file.is_file():
            _head(writer, 404, {"Content-Length": "0"})
        else:
            await self._send(writer, file, request, body=method == "GET")

    async def _send(
        self, writer: asyncio.StreamWriter, file: Path, request: str, *, body: bool
    ) -> None:
        size, status, start = (await asyncio.to_thread(file.stat)).st_size, 200, 0
        end = size
        headers = {"ETag": f'"{size}"', "Content-Type": "application/octet-stream"}
        if found := re.search(r"^range: bytes=(\d+)-(\d+)", request, re.MULTILINE | re.IGNORECASE):
            start, end, status = int(found[1]), min(int(found[2]) + 1, size), 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        _head(writer, status, {**headers, "Content-Length": str(end - start)})
        if body:
            await self._send_part(writer, file, start, end)

    async def _send_part(
        self, writer: asyncio.StreamWriter, file: Path, start: int, end: int
    ) -> None:
        with file.open("rb") as content:
            if not self.rate:
                await writer.drain()
                loop, count = asyncio.get_running_loop(), end - start
                self.sent += await loop.sendfile(writer.transport, content, start, count)
                return
            content.seek(start)
            due = time.monotonic()
            while left := end - content.tell():
                part = content.read(min(STEP, left))
                writer.write(part)
                await writer.drain()
                self.sent += len(part)
                due = max(due, time.monotonic() - STEP / self.rate) + len(part) / self.rate
                await asyncio.sleep(due - time.monotonic())


def _head(writer: asyncio.StreamWriter, status: int, headers: dict[str, str]) -> None:
    lines = [f"{name}: {value}" for name, value in {**HEADERS, **headers}.items()]
    writer.write("\r\n".join([f"HTTP/1.1 {status} x", *lines, "", ""]).encode("latin-1"))


@contextmanager
def serving(folder: Path, latency: float = 0.0, rate: float = 0.0) -> Iterator[str]:
    """The server's address."""
    options = [str(folder), "--latency", str(latency), "--rate", str(rate)]
    command = [sys.executable, "-m", "bench.links", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def sent(address: str) -> int:
    """The bytes of files that a server has sent so far."""
    with urllib.request.urlopen(f"{address}sent") as answer:  # noqa: S310 - our own server
        return int(answer.read())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=0.0)
    options = parser.parse_args()
    link = Link(options.folder, options.latency, options.rate)
    server = await asyncio.start_server(link.handle, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
