"""What is stored: listing, checking and deleting models.

    for model in await intab.storage.list():
        print(model.name, model.bytes, model.complete)
    await intab.storage.delete("org/name")

All of it is read from keys and records; bodies are read only to verify them. A model that another
tab is loading is waited for before it is touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from intab.engine.download import Means, Room, Store
from intab.engine.keys import ChunkKey, ModelKey, parse_chunk_key, parse_record_key
from intab.engine.ranges import Span
from intab.engine.shelf import lock_name, parse_record, was_verified
from intab.errors import ModelNotFoundError


@dataclass(frozen=True)
class StoredFile:
    """A file of a stored model: its size, and how much of it is there."""

    name: str
    size: int
    stored: int
    verified: bool


@dataclass(frozen=True)
class StoredModel:
    """A model that is stored, or part of one; `last_used` is in seconds since 1970."""

    name: str
    address: str
    revision: str
    files: tuple[StoredFile, ...]
    complete: bool
    last_used: float | None

    @property
    def bytes(self) -> int:
        """The bytes that are stored."""
        return sum(file.stored for file in self.files)

    @property
    def verified(self) -> bool:
        """Whether all files were found to have the sha256 that their manifest promises."""
        return self.complete and all(file.verified for file in self.files)


@dataclass(frozen=True)
class Verdict:
    """What verifying a model found: bytes that are right, and files of which parts were not."""

    right: int
    damaged: tuple[str, ...]


class Storage:
    """The place where this origin's models, or this user's, are kept."""

    def __init__(self, means: Callable[[], Means[Any]]) -> None:
        self._means = means

    async def room(self) -> Room:
        """Bytes used and allowed, and whether the browser promised to keep them."""
        return await self._store.room()

    async def verify(self, model: str) -> Verdict:
        """Read all of a model; what is damaged is deleted, and fetched by the next load."""
        right, damaged = 0, set()
        for key in await self._find(model):
            async with self._means().lock(lock_name(key)):
                for chunk in await self._chunks(key):
                    if await self._is_right(chunk):
                        right += chunk.span.size
                    else:
                        damaged.add(chunk.file)
                        await self._store.delete(str(chunk))
        return Verdict(right, tuple(sorted(damaged)))

    async def delete(self, model: str | None = None) -> None:
        """Delete a model, by its name or its address; all models where none is named."""
        for key in await self._find(model):
            async with self._means().lock(lock_name(key)):
                await self._store.delete(key.record)
                for chunk in await self._chunks(key):
                    await self._store.delete(str(chunk))

    async def list(self) -> tuple[StoredModel, ...]:
        """All models that are stored, whole or in part, by name."""
        keys = await self._store.keys()
        chunks: defaultdict[ModelKey, set[ChunkKey]] = defaultdict(set)
        for text in keys:
            if chunk := parse_chunk_key(text):
                chunks[chunk.model].add(chunk)
            elif model := parse_record_key(text):
                chunks[model].update()
        models = [describe(key, await self._record(key), parts) for key, parts in chunks.items()]
        return tuple(sorted(models, key=lambda model: (model.name, model.address)))

    @property
    def _store(self) -> Store[Any]:
        return self._means().store

    async def _record(self, key: ModelKey) -> dict[str, Any]:
        body = await self._store.match(key.record)
        return parse_record(body.text()) if body else {}

    async def _chunks(self, model: ModelKey) -> Iterable[ChunkKey]:
        chunks = map(parse_chunk_key, await self._store.keys())
        return [chunk for chunk in chunks if chunk and chunk.model == model]

    async def _is_right(self, chunk: ChunkKey) -> bool:
        body = await self._store.match(str(chunk))
        return body is not None and await body.sha256() == chunk.digest

    async def _find(self, name: str | None) -> Iterable[ModelKey]:
        models = await self.list()
        found = [
            ModelKey(model.address, model.revision)
            for model in models
            if name in (None, model.name, model.address)
        ]
        if name is not None and not found:
            stored = ", ".join(model.name for model in models) or "none"
            raise ModelNotFoundError(f"No model {name!r} is stored; stored are: {stored}.")
        return found


def describe(key: ModelKey, record: dict[str, Any], chunks: Iterable[ChunkKey]) -> StoredModel:
    """A model as its record and its chunks tell of it."""
    by_file: defaultdict[str, set[ChunkKey]] = defaultdict(set)
    for chunk in chunks:
        by_file[chunk.file].add(chunk)
    verified = record.get("verified") or {}
    files = tuple(_describe_file(n, by_file[n], verified.get(n)) for n in sorted(by_file))
    whole = {file.name for file in files if file.stored == file.size}
    needed = record.get("files")
    complete = needed is not None and whole.issuperset(needed)
    name = record.get("name") or key.base
    return StoredModel(name, key.base, key.revision, files, complete, record.get("used"))


def _describe_file(name: str, chunks: set[ChunkKey], verdict: Any) -> StoredFile:
    spans: set[Span] = {chunk.span for chunk in chunks}
    right = all(was_verified(verdict, chunk.sha256, [chunk]) for chunk in chunks)
    return StoredFile(name, max(c.size for c in chunks), sum(s.size for s in spans), right)
