"""Files that models are exported to and imported from, by their paths."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from intab.engine.io.ranges import Span
from intab.errors import StorageError
from intab.native.bodies import NativeBody, PartBody


@dataclass(frozen=True)
class FileArchive:
    """A file that is there."""

    path: Path
    size: int

    def read(self, span: Span) -> bytes:
        """A part of it."""
        return PartBody(self.path, span).bytes()

    def body(self, span: Span) -> PartBody:
        """A part of it."""
        return PartBody(self.path, span)


class FileDraft:
    """Written beside its place and moved there, so that what is there is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.draft")
        self._file = self._draft.open("wb")

    async def write(self, body: NativeBody) -> None:
        """Add to its end."""
        try:
            await asyncio.to_thread(lambda: self._file.write(body.bytes()))
        except OSError as exc:
            raise _refused(self._path, exc) from exc

    async def close(self) -> Path:
        """Put it in its place: its path."""
        try:
            self._file.close()
            return self._draft.replace(self._path)
        except OSError as exc:
            raise _refused(self._path, exc) from exc

    async def abort(self) -> None:
        """Forget it."""
        try:
            self._file.close()
        finally:
            self._draft.unlink(missing_ok=True)


class NativeArchives:
    """Files by their paths."""

    async def open(self, source: str | PathLike[str]) -> FileArchive:
        """A file that is there."""
        return await asyncio.to_thread(_open, source)

    async def create(self, target: str | PathLike[str]) -> FileDraft:
        """A new file."""
        return await asyncio.to_thread(_create, target)


def _open(source: str | PathLike[str]) -> FileArchive:
    path = Path(source).expanduser()
    try:
        with path.open("rb"):
            return FileArchive(path, path.stat().st_size)
    except OSError as exc:
        raise _refused(path, exc) from exc


def _create(target: str | PathLike[str]) -> FileDraft:
    path = Path(target).expanduser()
    try:
        return FileDraft(path)
    except OSError as exc:
        raise _refused(path, exc) from exc


def _refused(path: Path, exc: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be used ({exc.strerror or exc}): check the path, and the room on its disk."
    )
