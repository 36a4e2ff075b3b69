"""A store in a folder: one file a key. CPython's place for models that came over the network.

A body is written beside its place and moved there, so that what is there is whole.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from intab.engine.download import Room
from intab.engine.tasks import unbroken
from intab.errors import StorageError
from intab.native.fetch import FileBody, NativeBody

T = TypeVar("T")
# A name may have 255 bytes; a longer part becomes nested folders, all but the last ending in "+".
_LONG = re.compile(r"([^/]{100})(?=[^/])")
_DRAFT = ".draft"
_ABANDONED = 24 * 3600  # seconds that nothing was written: whoever began it was killed
_FOLDERS = threading.Lock()  # nobody removes a folder that another is about to write into


def default_folder() -> Path:
    """$INTAB_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("INTAB_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "intab"


class FolderStore:
    """Keeps bodies under a folder, which is looked up at each call."""

    def __init__(self, folder: Callable[[], Path] = default_folder) -> None:
        self._folder = folder

    async def match(self, key: str) -> FileBody | None:
        """The file under a key, None where there is none."""
        path = self._path(key)
        return FileBody(path) if path.is_file() else None

    async def put(self, key: str, body: NativeBody) -> None:
        """Keep a body."""
        await unbroken(self._do(lambda: self._write(self._path(key), body.bytes())))

    async def delete(self, key: str) -> None:
        """Forget a body, and the folders that are empty without it."""
        await unbroken(self._do(lambda: self._remove(self._path(key))))

    async def keys(self) -> list[str]:
        """All keys."""
        return await self._do(self._all_keys)

    async def room(self) -> Room:
        """The disk's room."""
        return await self._do(self._room)

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as exc:
            raise StorageError(
                f"{self._folder()} cannot be used ({exc.strerror or exc}): free some room there, "
                "or name another folder by $INTAB_CACHE."
            ) from exc

    def _path(self, key: str) -> Path:
        return self._folder() / _LONG.sub(r"\1+/", key)

    def _write(self, path: Path, data: bytes) -> None:
        draft = path.with_name(f"{uuid.uuid4().hex}{_DRAFT}")
        with _FOLDERS:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.touch()
        try:
            draft.write_bytes(data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def _remove(self, path: Path) -> None:
        with _FOLDERS:
            path.unlink(missing_ok=True)
            for parent in path.relative_to(self._folder()).parents:
                folder = self._folder() / parent
                if not folder.is_dir() or any(folder.iterdir()):
                    return
                folder.rmdir()

    def _all_keys(self) -> list[str]:
        folder = self._folder()
        files = [path for path in folder.rglob("*") if path.is_file()]
        for draft in (path for path in files if path.suffix == _DRAFT):
            _drop_abandoned(draft)
        bodies = (path for path in files if path.suffix != _DRAFT)
        return sorted(path.relative_to(folder).as_posix().replace("+/", "") for path in bodies)

    def _room(self) -> Room:
        folder = self._folder()
        used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        existing = next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
        return Room(used, used + shutil.disk_usage(existing).free, persisted=True)


def _drop_abandoned(draft: Path) -> None:
    with suppress(FileNotFoundError):  # finished meanwhile
        if time.time() - draft.stat().st_mtime > _ABANDONED:
            draft.unlink()
