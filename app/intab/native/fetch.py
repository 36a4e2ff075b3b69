"""Files from disk, or over HTTP where the address says so; bodies are files or bytes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import httpx

from intab.engine.ranges import Span
from intab.engine.retry import OnBytes
from intab.errors import ManifestError, TemporaryError

_SLICE = 4 * 1024 * 1024


@dataclass(frozen=True)
class FileBody:
    """A file on disk; onnxruntime reads it from there."""

    path: Path

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.path.stat().st_size

    def bytes(self) -> bytes:
        """All of it."""
        return self.path.read_bytes()

    def text(self) -> str:
        """All of it as UTF-8."""
        return _decode(self.bytes(), str(self.path))

    async def sha256(self) -> str:
        """The sha256 in hexadecimal digits."""
        return await asyncio.to_thread(self._digest)

    def _digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class MemoryBody:
    """Bytes that came over the network."""

    data: bytes
    address: str = "the file"

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def bytes(self) -> bytes:
        """All of it."""
        return self.data

    def text(self) -> str:
        """All of it as UTF-8."""
        return _decode(self.data, self.address)

    async def sha256(self) -> str:
        """The sha256 in hexadecimal digits."""
        return await asyncio.to_thread(lambda: hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True)
class PartBody:
    """A part of a file on disk."""

    path: Path
    span: Span

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.span.size

    def bytes(self) -> bytes:
        """All of it."""
        with self.path.open("rb") as file:
            file.seek(self.span.start)
            return file.read(self.span.size)

    def text(self) -> str:
        """All of it as UTF-8."""
        return _decode(self.bytes(), str(self.path))

    async def sha256(self) -> str:
        """The sha256 in hexadecimal digits."""
        return await asyncio.to_thread(self._digest)

    def _digest(self) -> str:
        digest, left = hashlib.sha256(), self.span.size
        with self.path.open("rb") as file:
            file.seek(self.span.start)
            while left > 0 and (data := file.read(min(left, _SLICE))):
                digest.update(data)
                left -= len(data)
        return digest.hexdigest()


NativeBody = FileBody | MemoryBody | PartBody


class MemoryAssembly:
    """A file's bytes while its chunks arrive."""

    def __init__(self, size: int) -> None:
        self._data = bytearray(size)

    def write(self, start: int, body: NativeBody) -> None:
        """Copy a chunk to its place."""
        self._data[start : start + body.size] = body.bytes()

    def finish(self) -> MemoryBody:
        """The whole; the room it was put together in is given back."""
        data, self._data = bytes(self._data), bytearray()
        return MemoryBody(data)


class NativeMemory:
    """Makes bodies of bytes."""

    def allocate(self, size: int, *, hashing: bool) -> MemoryAssembly:
        """Room for a file; hashing waits until the body is asked."""
        return MemoryAssembly(size)

    def encode(self, text: str) -> MemoryBody:
        """A body of a text."""
        return MemoryBody(text.encode())

    async def hold(self, body: NativeBody) -> MemoryBody:
        """Its bytes."""
        return MemoryBody(await asyncio.to_thread(body.bytes))


@dataclass(frozen=True)
class DiskReply:
    """The answer about a file on disk."""

    path: Path
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """200 where there is a file, 403 where that cannot be told, else 404."""
        try:
            return 200 if self.path.is_file() else 404
        except PermissionError:
            return 403

    async def body(self, on_bytes: OnBytes) -> FileBody:
        """The file itself."""
        on_bytes(self.path.stat().st_size)
        return FileBody(self.path)

    async def close(self) -> None:
        """Nothing is open."""


class HttpReply:
    """A server's answer; closing it hangs up."""

    def __init__(self, client: httpx.AsyncClient, response: httpx.Response, address: str) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in response.headers.items()}
        self._client = client
        self._response = response
        self._address = address

    async def body(self, on_bytes: OnBytes) -> MemoryBody:
        """The bytes, decoded where they came compressed."""
        data = bytearray()
        try:
            async for part in self._response.aiter_bytes():
                data += part
                on_bytes(len(part))
        except httpx.HTTPError as exc:
            raise _unreachable(self._address, exc) from exc
        return MemoryBody(bytes(data), self._address)

    async def close(self) -> None:
        """Hang up."""
        await self._response.aclose()
        await self._client.aclose()


class NativeFetch:
    """Fetches from folders and from http(s) addresses."""

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> DiskReply | HttpReply:
        """Ask a server; files on disk are there at once, and whole."""
        if not address.startswith(("http://", "https://")):
            return DiskReply(local_path(address))
        # Part of a compressed file would be of no use.
        headers = {"Range": span, "Accept-Encoding": "identity"} if span else {}
        if token:  # httpx takes it away where a redirect leads to another origin
            headers["Authorization"] = f"Bearer {token}"
        client = httpx.AsyncClient(follow_redirects=True, timeout=60)
        try:
            request = client.build_request(method, address, headers=headers)
            return HttpReply(client, await client.send(request, stream=True), address)
        except httpx.HTTPError as exc:
            await client.aclose()
            raise _unreachable(address, exc) from exc
        except BaseException:
            await client.aclose()
            raise


def local_path(address: str) -> Path:
    """The path that a file: address or a plain path names."""
    return Path(unquote(address.removeprefix("file://"))).expanduser()


def _unreachable(address: str, exc: httpx.HTTPError) -> TemporaryError:
    return TemporaryError(
        f"{address} could not be fetched ({str(exc) or type(exc).__name__}): "
        "check the address and the network."
    )


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise ManifestError(f"{name} is not UTF-8 text: fetch it again.") from exc
