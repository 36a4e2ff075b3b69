"""Files from disk, or over HTTP where the address says so."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx

from intab.engine.download import OnBytes
from intab.errors import DownloadError, ManifestError


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
        return await asyncio.to_thread(lambda: hashlib.sha256(self.bytes()).hexdigest())


@dataclass(frozen=True)
class MemoryBody:
    """Bytes that came over the network."""

    data: bytes
    address: str

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
        return hashlib.sha256(self.data).hexdigest()


NativeBody = FileBody | MemoryBody


class NativeFetch:
    """Fetches from folders and from http(s) addresses."""

    async def get(self, address: str, on_bytes: OnBytes | None = None) -> NativeBody | None:
        """The file, or None where there is none."""
        if address.startswith(("http://", "https://")):
            return await _get_http(address, on_bytes)
        path = local_path(address)
        if not path.is_file():
            return None
        if on_bytes:
            on_bytes(path.stat().st_size)
        return FileBody(path)

    async def exists(self, address: str) -> bool:
        """Whether there is a file at that address."""
        if address.startswith(("http://", "https://")):
            async with _client(address) as client:
                return (await client.head(address)).is_success
        return local_path(address).is_file()


def local_path(address: str) -> Path:
    """The path that a file: address or a plain path names."""
    return Path(unquote(address.removeprefix("file://"))).expanduser()


async def _get_http(address: str, on_bytes: OnBytes | None) -> MemoryBody | None:
    data = bytearray()
    async with _client(address) as client, client.stream("GET", address) as response:
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if not response.is_success:
            raise DownloadError(f"{address} answered {response.status_code}: try again later.")
        async for part in response.aiter_bytes():
            data += part
            if on_bytes:
                on_bytes(len(part))
    return MemoryBody(bytes(data), address)


@asynccontextmanager
async def _client(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose failures are DownloadErrors."""
    try:
        async with httpx.AsyncClient(follow_redirects=True, timeout=60) as client:
            yield client
    except httpx.HTTPError as exc:
        raise DownloadError(
            f"{address} could not be fetched ({str(exc) or type(exc).__name__}): "
            "check the address and the network."
        ) from exc


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise ManifestError(f"{name} is not UTF-8 text: fetch it again.") from exc
