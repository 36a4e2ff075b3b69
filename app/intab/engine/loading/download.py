"""Bringing a model's files together: from the store if they are there, else from the server.

    select stored chunks -> restore and check -> fetch the missing, some at a time, storing each
    on arrival -> check the whole

A chunk that breaks off is fetched again by itself. What turns out to be damaged or to have changed
is dropped and the file begun again, once. A server without ranges sends the file in one piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from intab.engine.hub.locate import Location
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.integrity import check_digest, check_pointer
from intab.engine.io.progress import Tally
from intab.engine.io.protocols import Assembly, B, Notice, OnNotice, OnProgress, Services
from intab.engine.io.ranges import CHUNK, Span, chunk_of, missing
from intab.engine.io.remote_file import NoRangesError, Source
from intab.engine.io.responses import TEXTS
from intab.engine.io.tasks import all_or_first_error
from intab.engine.loading.late_hashes import LateHashes
from intab.engine.storage.keys import ChunkKey
from intab.engine.storage.model_cache import ModelCache
from intab.errors import DamagedError, StorageError


@dataclass(frozen=True)
class Pace:
    """The bytes of a chunk (0: as suits the file), how many are fetched and restored at a time."""

    chunk: int = 0
    at_a_time: int = 6
    restored_at_a_time: int = 3


class Download(Generic[B]):
    """Delivers the files of one model."""

    def __init__(
        self,
        services: Services[B],
        model_cache: ModelCache[B],
        location: Location,
        files: Mapping[str, FileEntry],
        on_progress: OnProgress,
        on_notice: OnNotice,
        pace: Pace | None = None,
    ) -> None:
        self.services = services
        self.model_cache = model_cache
        self.location = location
        self.files = files
        self.notice = on_notice
        self.pace = pace or Pace()
        sizes = {name: entry.size for name, entry in files.items()}
        self.tally = Tally(sizes, on_progress, services.clock.now)
        self.slots = asyncio.Semaphore(self.pace.at_a_time)
        self.restoring = asyncio.Semaphore(self.pace.restored_at_a_time)

    def expect(self, files: Mapping[str, FileEntry]) -> None:
        """From now on these are the files; those that came already are among them."""
        self.files = files
        self.tally.expect({name: entry.size for name, entry in files.items()})

    async def check_room(self) -> None:
        """StorageError if the files that are not stored yet will not fit; before any byte. What
        is stored of an older version goes if there is no room for both."""
        sized = {name: entry for name, entry in self.files.items() if entry.size >= 0}
        held = sum(key.span.size for name in sized for key in self._chosen(name))
        old = sum(map(self.model_cache.bytes_of, sized)) - held
        needed = sum(entry.size for entry in sized.values()) - held
        free = (await self.model_cache.room()).free
        if free is None or needed <= free:
            return
        if needed > free + old:
            raise StorageError(
                f"{self.location.name} needs {needed:,} bytes more, and there is room for "
                f"{free + old:,}: free disk space, delete other models with intab.storage.delete, "
                "or load it without keeping it: intab.load(..., keep=False)."
            )
        await self.tidy()

    async def tidy(self) -> None:
        """Forget the stored chunks of other versions of the files."""
        for name, entry in self.files.items():
            await self.model_cache.select(name, entry, self.chunk_of(entry))

    def is_stored(self) -> bool:
        """Whether all files are there already, so that no server is needed."""
        stored = map(self._chosen, self.files)
        return all(keys and sum(k.span.size for k in keys) == keys[0].size for keys in stored)

    async def get(self, name: str) -> B:
        """One file, checked."""
        return await FileDownload(self, name).deliver()

    async def get_all(
        self, names: Iterable[str] | None = None, hashes: LateHashes[B] | None = None
    ) -> dict[str, B]:
        """All files at once, or those named; the first failure ends them all. With `hashes` who
        asks waits for those of stored chunks."""
        wanted = list(self.files if names is None else names)
        downloads = [FileDownload(self, name, hashes) for name in wanted]
        bodies = await all_or_first_error(each.deliver() for each in downloads)
        return dict(zip(wanted, bodies, strict=True))

    def _chosen(self, name: str) -> list[ChunkKey]:
        entry = self.files[name]
        return self.model_cache.choose(name, entry, self.chunk_of(entry))

    def chunk_of(self, entry: FileEntry) -> int:
        """The size of a file's chunks: the manifest's, if that has their hashes."""
        return entry.chunk_size or self.pace.chunk or entry.chunk


class FileDownload(Generic[B]):
    """Delivers one file."""

    def __init__(
        self, delivery: Download[B], name: str, hashes: LateHashes[B] | None = None
    ) -> None:
        self._hashes = hashes
        self._delivery = delivery
        self._model_cache = delivery.model_cache
        self._tally = delivery.tally
        self._name = name
        self._entry = delivery.files[name]
        self._chunk = delivery.chunk_of(self._entry)
        self._source = self._new_source()

    def _new_source(self) -> Source[B]:
        delivery, address = self._delivery, self._delivery.location.file(self._name)
        return Source(delivery.services, self._name, address, self._entry, self._tally)

    async def deliver(self) -> B:
        """The file; a second try from nothing if the first one's bytes were not right."""
        try:
            return await self._attempt()
        except DamagedError as exc:
            self._delivery.notice(Notice("damaged", f"{exc} It is being fetched from the start."))
        await self._model_cache.drop(self._name)
        try:
            return await self._attempt()
        except DamagedError:
            await self._model_cache.drop(self._name)
            raise

    async def _attempt(self) -> B:
        self._source = self._new_source()
        stored = await self._revalidated(self._stored())
        self._source.sound = bool(stored)
        if stored and not self._entry.sha256:
            self._source.version = stored[0].version
        if not stored and self._comes_in_one_piece():
            return await self._in_one_piece()
        try:
            size = stored[0].size if stored else await self._source.size()
            return await self._in_chunks(size, stored)
        except NoRangesError:
            await self._model_cache.drop(self._name)
            self._tally.restart(self._name)
            return await self._in_one_piece()

    def _stored(self) -> list[ChunkKey]:
        """The stored bytes, counted at once."""
        stored = self._model_cache.choose(self._name, self._entry, self._chunk)
        self._tally.restart(self._name)
        if stored:
            self._tally.resize(self._name, stored[0].size)
            self._tally.found(self._name, sum(key.span.size for key in stored))
        return stored

    async def _revalidated(self, stored: list[ChunkKey]) -> list[ChunkKey]:
        """A manifest's sha256 says which file is meant; without one the server is asked."""
        if not stored or self._entry.sha256:
            return stored
        version = await self._source.version_now(in_parts=stored[0].span.size < stored[0].size)
        if version in ("", stored[0].version):
            return stored
        text = f"{self._name} has changed on the server: it is fetched from the start."
        self._delivery.notice(Notice("changed", text))
        await self._model_cache.drop(self._name)
        self._tally.restart(self._name)
        return []

    def _comes_in_one_piece(self) -> bool:
        """Small files do, so that servers may compress them; and files on disk."""
        small = 0 <= self._entry.size <= (self._delivery.pace.chunk or CHUNK)
        return small or self._name.endswith(TEXTS) or not self._delivery.location.remote

    async def _in_one_piece(self) -> B:
        async with self._delivery.slots:
            body, digest = await self._source.whole()
        if self._delivery.location.remote:
            await self._keep(Span(0, body.size), body.size, digest, body)
        self._remember_verified()
        return body

    async def _in_chunks(self, size: int, stored: list[ChunkKey]) -> B:
        expected = self._entry.sha256
        by_chunks = self._has_declared_chunks(stored)
        trusted = by_chunks or self._model_cache.is_verified(self._name, expected, stored)
        assembly = self._delivery.services.memory.allocate(size, hashing=not trusted)
        hashes = self._hashes if trusted else None  # else the whole is hashed too
        spans = await all_or_first_error(self._restore(key, assembly, hashes) for key in stored)
        chunk = chunk_of([key.span for key in stored], size, self._chunk)
        left = missing(size, [span for span in spans if span], chunk)
        await all_or_first_error(self._fetch(span, size, left[0], assembly) for span in left)
        body = assembly.finish()
        check_pointer(self._name, body)
        if expected and not by_chunks and (left or not trusted):
            check_digest(self._name, await body.sha256(), expected)
        self._remember_verified()
        return body

    def _has_declared_chunks(self, stored: list[ChunkKey]) -> bool:
        """Whether the manifest has the hash of each chunk, and what is stored is of those: then
        the whole needs no hash of its own."""
        entry = self._entry
        return bool(entry.chunks) and all(k.digest == entry.digest_of(k.span) for k in stored)

    async def _restore(
        self, key: ChunkKey, assembly: Assembly[B], hashes: LateHashes[B] | None
    ) -> Span | None:
        """Copy a stored chunk to its place; None if it is gone or damaged."""
        async with self._delivery.restoring:
            matching = hashes.take(key) if hashes else self._model_cache.match(key, hold=True)
            body = await matching
            if body is None:
                self._tally.lost(self._name, key.span.size)
                return None
            assembly.write(key.span.start, body)
            return key.span

    async def _fetch(self, span: Span, size: int, first: Span, assembly: Assembly[Any]) -> None:
        """Fetch a chunk and store it; the first one finds out whether the server has ranges."""
        if span != first:
            await self._source.ranges.wait()
        async with self._delivery.slots:
            body, digest = await self._source.part(span, size)
            assembly.write(span.start, body)
            await self._keep(span, size, digest, body)

    async def _keep(self, span: Span, size: int, digest: str, body: B) -> None:
        version, sha256 = self._source.version or "", self._entry.sha256
        key = ChunkKey(self._model_cache.model, self._name, sha256, version, size, span, digest)
        await self._model_cache.put(key, body)

    def _remember_verified(self) -> None:
        if self._entry.sha256:
            self._model_cache.verify(self._name, self._entry.sha256)
