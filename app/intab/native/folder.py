"""A store in a folder: one file a key. CPython's place for models that came over the network.

A key is longer than a path may be, so files have short names (storage/keys.py), and the key stands
at a file's end, after the body. A file is written beside its place and moved there, so that what is
there is whole. Files that an earlier version named by the keys themselves are read where they are.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from intab.engine.io.protocols import Room
from intab.engine.io.ranges import Span
from intab.engine.io.tasks import unbroken
from intab.engine.storage.keys import short_path
from intab.errors import StorageError
from intab.native.bodies import NativeBody, PartBody

T = TypeVar("T")
_SHORT = re.compile(r"[0-9a-f]{8}-[a-z0-9._-]+/[0-9a-f]{32}-[a-z0-9._-]+")
_END = struct.Struct("<I8s")  # the bytes of the key before it, and a mark
_MARK = b"intabkey"
# Once a longer part of a key became nested folders, all but the last ending in "+".
_LONG = re.compile(r"([^/]{100})(?=[^/])")
_DRAFT = ".draft"
_ABANDONED = 24 * 3600  # seconds that nothing was written: the writer was killed
_FOLDERS = threading.Lock()  # nobody removes a folder that another is about to write into


def default_folder() -> Path:
    """$INTAB_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("INTAB_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "intab"


@dataclass(frozen=True)
class StoredBody(PartBody):
    """What is stored; StorageError where it cannot be read any more."""

    def bytes(self) -> bytes:
        """All of it."""
        with _refusals(self.path):
            return super().bytes()

    async def sha256(self) -> str:
        """The sha256 in hexadecimal digits."""
        with _refusals(self.path):
            return await super().sha256()


class FolderStore:
    """Keeps bodies under a folder, which is looked up at each call."""

    def __init__(self, folder: Callable[[], Path] = default_folder) -> None:
        self._folder = folder

    async def match(self, key: str) -> StoredBody | None:
        """The body under a key, None where there is none."""
        with _refusals(self._folder()):
            return self._find(key)

    async def put(self, key: str, body: NativeBody) -> None:
        """Keep a body."""
        await unbroken(self._do(lambda: self._write(key, body.bytes())))

    async def delete(self, key: str) -> None:
        """Forget a body, and the folders that are empty without it."""
        await unbroken(self._do(lambda: self._remove(key)))

    async def keys(self) -> list[str]:
        """All keys."""
        return await self._do(self._all_keys)

    async def room(self) -> Room:
        """The disk's room."""
        return await self._do(self._room)

    async def _do(self, work: Callable[[], T]) -> T:
        with _refusals(self._folder()):
            return await asyncio.to_thread(work)

    def _path(self, key: str) -> Path:
        return self._folder().joinpath(*short_path(key))

    def _older(self, key: str) -> Path | None:
        """Where an earlier version kept it; what is not ours is not touched."""
        path = self._folder() / _LONG.sub(r"\1+/", key)
        with suppress(OSError):  # where paths may not be so long, there is none
            return path if key.startswith("=") and path.is_file() else None
        return None

    def _find(self, key: str) -> StoredBody | None:
        path = self._path(key)
        if path.is_file():
            found, size = _read_end(path)
            return StoredBody(path, Span(0, size)) if found == key else None
        older = self._older(key)
        return StoredBody(older, Span(0, older.stat().st_size)) if older else None

    def _write(self, key: str, data: bytes) -> None:
        path = self._path(key)
        draft = path.with_name(f"{uuid.uuid4().hex}{_DRAFT}")
        with _FOLDERS:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.touch()
        try:
            with draft.open("wb") as file:
                file.write(data)
                file.write(_end(key))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def _remove(self, key: str) -> None:
        with _FOLDERS:
            for path in filter(None, (self._path(key), self._older(key))):
                path.unlink(missing_ok=True)
                self._prune(path)

    def _prune(self, path: Path) -> None:
        for parent in path.relative_to(self._folder()).parents:
            folder = self._folder() / parent
            if not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()

    def _all_keys(self) -> list[str]:
        folder = self._folder()
        keys: set[str] = set()
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            name = path.relative_to(folder).as_posix()
            if _SHORT.fullmatch(name):
                keys |= _keys_of(path)
            elif path.suffix == _DRAFT:
                _drop_abandoned(path)
            else:
                keys.add(name.replace("+/", ""))
        return sorted(keys)

    def _room(self) -> Room:
        folder = self._folder()
        used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        existing = next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
        return Room(used, used + shutil.disk_usage(existing).free, persisted=True)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """The system's errors as ours."""
    try:
        yield
    except OSError as exc:
        raise StorageError(
            f"{path} cannot be used ({exc.strerror or exc}): free some room there, "
            "or name another folder by $INTAB_CACHE."
        ) from exc


def _end(key: str) -> bytes:
    """What stands after a body."""
    data = key.encode("utf-8", "surrogatepass")
    return data + _END.pack(len(data), _MARK)


def _read_end(path: Path) -> tuple[str, int]:
    """The key at a file's end and the bytes before it; no key where the file is damaged."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _END.size, 0))
        end = file.read()
        length, mark = _END.unpack(end) if len(end) == _END.size else (0, b"")
        rest = size - _END.size - length
        if mark != _MARK or rest < 0:
            return "", size
        file.seek(rest)
        return file.read(length).decode("utf-8", "replace"), rest


def _keys_of(path: Path) -> set[str]:
    """The key of a file that has a short name; one that is damaged is removed."""
    with suppress(OSError):  # removed meanwhile, or not for us to read
        key, _ = _read_end(path)
        if short_path(key) == path.parts[-2:]:
            return {key}
        path.unlink()
    return set()


def _drop_abandoned(draft: Path) -> None:
    with suppress(FileNotFoundError):  # finished meanwhile
        if time.time() - draft.stat().st_mtime > _ABANDONED:
            draft.unlink()
