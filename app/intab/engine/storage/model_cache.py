"""The stored files of one model, and going on without a store if there is none.

It lists its keys once, when it is opened under the model's lock; from then on it is the only
one that writes there. The first refusal of the store is reported and ends storing, not
loading: later files stay in memory. Stored ones are still read, and deleted if they are wrong.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, Generic

from intab.engine.io.file_entry import FileEntry
from intab.engine.io.protocols import B, Notice, OnNotice, Room, Services
from intab.engine.io.ranges import chunk_of, is_chunk
from intab.engine.storage.keys import ChunkKey, ModelKey, parse_chunk_key
from intab.engine.storage.records import read_record
from intab.errors import StorageError


class ModelCache(Generic[B]):
    """One model's place in the store."""

    def __init__(
        self, services: Services[B], model: ModelKey, notice: OnNotice, *, keep: bool
    ) -> None:
        self.model = model
        self.record: dict[str, Any] = {}
        self._verified: dict[str, Any] = {}
        self._memory = services.memory
        self._store = services.store if keep else None
        self._refused = False
        self._notice = notice
        self._chunks: defaultdict[str, list[ChunkKey]] = defaultdict(list)

    async def open(self) -> None:
        """Read the list of what is there."""
        if self._store is None:
            return
        try:
            keys = [parse_chunk_key(text) for text in await self._store.keys()]
            self.record = await read_record(self._store, self.model.record)
        except StorageError as exc:
            self._give_up(exc)
            return
        for key in keys:
            if key and key.model == self.model:
                self._chunks[key.file].append(key)
        self._verified = dict(self.record.get("verified", {}))

    async def room(self) -> Room:
        """The store's room; nothing is known of it if nothing is kept there."""
        if self._store is None or self._refused:
            return Room()
        try:
            return await self._store.room()
        except StorageError as exc:
            self._give_up(exc)
            return Room()

    async def select(self, file: str, entry: FileEntry, chunk: int) -> list[ChunkKey]:
        """Those that `choose` chooses; all others are deleted."""
        chosen = self.choose(file, entry, chunk)
        await self.delete([key for key in self._chunks[file] if key not in chosen])
        return chosen

    def choose(self, file: str, entry: FileEntry, chunk: int) -> list[ChunkKey]:
        """The chunks of a file that belong together and to `entry`, in order. They are `chunk`
        bytes each, unless most are of another size and the file's sha256 will tell whether they are
        right."""
        versions = defaultdict(list)
        for key in self._chunks[file]:
            if fits(key, entry):
                # A sha256 says better than the server's version what belongs together.
                versions["" if entry.sha256 else key.version, key.size].append(key)
        best = max(versions.values(), key=lambda keys: sum(k.span.size for k in keys), default=[])
        if best and (entry.sha256 or not entry.chunks):
            chunk = chunk_of([key.span for key in best], best[0].size, chunk)
        by_span = {key.span: key for key in best if is_chunk(key.span, key.size, chunk)}
        return [by_span[span] for span in sorted(by_span)]

    def bytes_of(self, file: str) -> int:
        """The stored bytes of a file, whether or not they belong together."""
        return sum(key.span.size for key in self._chunks[file])

    async def match(self, key: ChunkKey, *, hold: bool = False) -> B | None:
        """A chunk, None if it is gone or not what its key says; then it is deleted. `hold` if
        it is to be used soon."""
        body = await self.find(key, hold=hold)
        return body if body is not None and await self.is_right(key, body) else None

    async def find(self, key: ChunkKey, *, hold: bool = False) -> B | None:
        """A chunk of which only the size was compared; the rest as `match`."""
        if self._store is None:
            return None
        try:
            body = await self._store.match(str(key))
            if body and hold:
                body = await self._memory.hold(body)
            if body and body.size == key.span.size:
                return body
        except StorageError as exc:
            self._give_up(exc)  # for this visit; the next one shall not meet it again
        await self.delete([key])
        return None

    async def is_right(self, key: ChunkKey, body: B) -> bool:
        """Whether a chunk has the sha256 that its key says; else it is deleted."""
        try:
            if await body.sha256() == key.digest:
                return True
        except StorageError as exc:
            self._give_up(exc)
        await self.delete([key])
        return False

    async def put(self, key: ChunkKey, body: B) -> None:
        """Keep a chunk, as long as there is a store. It is listed before it is there: a
        cancelled call may have stored it, and it must be found when the file is dropped."""
        if self._store is None or self._refused:
            return
        self._chunks[key.file].append(key)
        try:
            await self._store.put(str(key), body)
        except StorageError as exc:
            self._chunks[key.file].remove(key)
            self._give_up(exc)

    async def delete(self, keys: Iterable[ChunkKey]) -> None:
        """Forget chunks."""
        for key in keys:
            if self._store is not None:
                try:
                    await self._store.delete(str(key))
                except StorageError as exc:
                    self._give_up(exc)
            self._chunks[key.file].remove(key)

    async def drop(self, file: str) -> None:
        """Forget all of a file."""
        await self.delete(list(self._chunks[file]))
        self._verified.pop(file, None)

    def is_verified(self, file: str, sha256: str, chunks: Iterable[ChunkKey]) -> bool:
        """Whether these very chunks were once found to make up the file with that sha256."""
        return was_verified(self._verified.get(file), sha256, chunks)

    def verify(self, file: str, sha256: str) -> None:
        """Remember that a file's stored chunks were found right; `note` keeps it."""
        digests = sorted(key.digest for key in self._chunks[file])
        self._verified[file] = {"sha256": sha256, "chunks": digests}

    def digest_of(self, files: Iterable[str]) -> str:
        """A digest of the bytes of files as they are stored; "" if any of them is not."""
        parts: list[str] = []
        for file in sorted(files):
            keys = sorted(self._chunks[file], key=lambda key: key.span)
            if not keys or sum(key.span.size for key in keys) != keys[0].size:
                return ""
            parts += [f"{file} {key.span} {key.digest}" for key in keys]
        return sha256("\n".join(parts).encode()).hexdigest()

    async def note(self, **facts: Any) -> None:
        """Add to the model's record and keep it."""
        self.record.update(format=1, verified=self._verified, **facts)
        if self._store is None or self._refused:
            return
        try:
            await self._store.put(
                self.model.record, self._memory.encode(json.dumps(self.record, sort_keys=True))
            )
        except StorageError as exc:
            self._give_up(exc)

    def _give_up(self, reason: StorageError) -> None:
        if self._refused:  # several were writing
            return
        self._refused = True
        self._notice(Notice("memory", f"The model is not kept for the next visit: {reason}"))


def was_verified(verdict: Any, sha256: str, chunks: Iterable[ChunkKey]) -> bool:
    """Whether a record's word on a file is about that sha256 and these chunks."""
    if not verdict or not sha256 or verdict["sha256"] != sha256:
        return False
    return {key.digest for key in chunks} <= set(verdict["chunks"])


def lock_name(model: ModelKey) -> str:
    """The lock for reading or writing a model's chunks."""
    return f"intab {model.base} {model.revision}"


def fits(key: ChunkKey, entry: FileEntry) -> bool:
    """Whether a chunk is of the file that a manifest's entry describes."""
    return entry.sha256 in ("", key.sha256) and entry.size in (-1, key.size)


@asynccontextmanager
async def open_model_cache(
    services: Services[B], model: ModelKey, notice: OnNotice, *, keep: bool = True
) -> AsyncIterator[ModelCache[B]]:
    """A model's cache; another tab that wants the same model waits until we are done."""
    model_cache = ModelCache(services, model, notice, keep=keep)
    if not keep:
        yield model_cache
        return
    async with services.lock(lock_name(model)):
        await model_cache.open()
        yield model_cache
