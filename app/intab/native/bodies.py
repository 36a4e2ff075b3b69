"""Bytes of files and of their parts: on disk, or in memory once they came over the network."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from intab.engine.io.ranges import Span
from intab.engine.runtime.onnx_file import Read
from intab.errors import ManifestError

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


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")  # an editor's mark at the beginning is no text
    except UnicodeDecodeError as exc:
        raise ManifestError(
            f"{name} is not UTF-8 text: fetch it again, or save it as UTF-8."
        ) from exc
