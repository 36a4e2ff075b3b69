"""Files from disk, or over HTTP where the address says so; bodies are files or bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import httpx

from intab.engine.onnx_file import Read
from intab.engine.ranges import Span
from intab.engine.retry import OnBytes
from intab.errors import DownloadError, ManifestError, TemporaryError

_SLICE = 4 * 1024 * 1024
_MOST_LISTED = 10_000  # files of a folder; one with more is somebody's home, no model
_DEEPEST = 6  # folders in folders


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

    @contextmanager
    def reading(self) -> Iterator[Read]:
        """A way to read parts of it."""
        with self.path.open("rb") as file:

            def read(start: int, end: int) -> bytes:
                file.seek(start)
                return file.read(end - start)

            yield read

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

    @contextmanager
    def reading(self) -> Iterator[Read]:
        """A way to read parts of it."""
        yield lambda start, end: self.data[start:end]

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

    @contextmanager
    def reading(self) -> Iterator[Read]:
        """A way to read parts of it."""
        data = self.bytes()
        yield lambda start, end: data[start:end]

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
        except (OSError, ValueError):  # a name that no file can have
            return 404

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

    async def listing(self, address: str) -> list[str] | None:
        """The files of a folder on disk; None of one that has too many, and of a server's."""
        if address.startswith(("http://", "https://")):
            return None
        return await asyncio.to_thread(_files_below, local_path(address))

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
    """The path that a file: address or a plain path names; only in an address is %20 a space."""
    if not address.startswith("file:"):
        return _expanded(address)
    path = unquote(re.sub(r"^file:(?://(?:localhost)?(?=/))?", "", address))
    return Path(re.sub(r"^/(?=[A-Za-z]:)", "", path))  # file:///C:/x


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # nobody's home is known
        return Path(path)


def _files_below(folder: Path) -> list[str] | None:
    """The paths of all files; those that are no Unicode are left out."""
    found: list[str] = []
    for place, folders, names in os.walk(folder, onerror=_may_not_read, followlinks=True):
        inside = Path(place).relative_to(folder)
        deep = len(inside.parts) >= _DEEPEST
        folders[:] = [] if deep else [name for name in folders if not name.startswith(".")]
        found += [(inside / name).as_posix() for name in names]
        if len(found) > _MOST_LISTED:
            return None
    return sorted(path for path in found if _is_unicode(path))


def _is_unicode(path: str) -> bool:
    return path.isascii() or not re.search("[\ud800-\udfff]", path)


def _may_not_read(error: OSError) -> None:
    if isinstance(error, PermissionError):
        raise DownloadError(
            f"{error.filename} may not be read: ask its owner for access."
        ) from error


def _unreachable(address: str, exc: httpx.HTTPError) -> TemporaryError:
    return TemporaryError(
        f"{address} could not be fetched ({str(exc) or type(exc).__name__}): "
        "check the address and the network."
    )


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")  # an editor's mark at the beginning is no text
    except UnicodeDecodeError as exc:
        raise ManifestError(
            f"{name} is not UTF-8 text: fetch it again, or save it as UTF-8."
        ) from exc
