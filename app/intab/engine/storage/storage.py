"""Stored models: listing, checking, deleting, exporting and importing them.

    for model in await intab.storage.list():
        print(model.name, model.bytes, model.complete)
    await intab.storage.export("org/name", "name.tar")
    await intab.storage.delete("org/name")
    await intab.storage.import_("name.tar")

All of it is read from keys and records; bodies are read only to verify them. A model that another
tab is loading is waited for before it is touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from intab.engine.hub.locate import Location
from intab.engine.hub.model_names import Path, check_text
from intab.engine.io.progress import Tally
from intab.engine.io.protocols import OnProgress, Room, Services, Store, silent
from intab.engine.storage.keys import ChunkKey, ModelKey, parse_chunk_key, parse_model
from intab.engine.storage.model_cache import lock_name
from intab.engine.storage.records import read_record
from intab.engine.storage.stored import StoredModel, describe
from intab.errors import ModelNotFoundError, StorageError


@dataclass(frozen=True)
class Verdict:
    """What verifying a model found.

    Attributes:
        right: bytes that are right.
        damaged: the files of which parts were not.
    """

    right: int
    damaged: tuple[str, ...]

    def __str__(self) -> str:
        damaged = ", ".join(self.damaged) or "nothing"
        return f"{self.right:,} bytes are right; {damaged} is damaged"


class Storage:
    """The place where this origin's models, or this user's, are kept."""

    def __init__(
        self, services: Callable[[], Services[Any]], locate: Callable[[str | Path], Location]
    ) -> None:
        self._services = services
        self._locate = locate

    def __repr__(self) -> str:
        return "<intab.storage: list(), verify(), export(), import_(), delete(), room(), use()>"

    def use(self, store: str) -> None:
        """Keep models in another store.

        What the store before it holds is moved there before it is next used: there is only one.

        Args:
            store: in a browser "cache" (its Cache API, the default), "opfs" (its private file
                system) or "indexeddb"; in CPython "folder".

        Raises:
            OptionError: the name is none of these.
        """
        self._services().use(store)

    async def export(
        self, model: str | Path, target: Any = None, *, on_progress: OnProgress = silent
    ) -> Any:
        """Write a model to a tar file: its folder with an intab.json that has all hashes.

        Args:
            model: its name or address.
            target: a path in CPython; in a browser a FileSystemFileHandle, `disk:NAME` of a file
                that was chosen in the page, or nothing, which gives a JavaScript Blob. What is
                there is replaced when all of the new file is written.
            on_progress: hears how many bytes are written.

        Returns:
            The file: a path, a handle or a Blob.

        Raises:
            ModelNotFoundError: no such model is stored, or several are.
            StorageError: it is not stored whole, or the file cannot be written.
            DamagedError: a stored file is damaged.
            OptionError: the name is none.
        """
        from intab.engine.storage.export import export_model  # a start need not wait for it

        keys = await self._find(model)
        if len(keys) > 1:
            addresses = ", ".join(key.base for key in keys)
            raise ModelNotFoundError(f"{model!r} is several models: name one of {addresses}.")
        return await export_model(self._services(), keys[0], target, on_progress)

    async def import_(
        self, source: Any, model: str | Path | None = None, *, on_progress: OnProgress = silent
    ) -> StoredModel:
        """Store a model from a tar file that `export` wrote. If that fails, nothing has changed.

        Args:
            source: as the target of `export`, or a JavaScript Blob or File.
            model: the name to load it by, as for `intab.load`; left out, the one it was exported
                as.
            on_progress: hears how many bytes are checked, then how many are stored.

        Returns:
            The model as it is stored.

        Raises:
            ManifestError: the file is not such a tar.
            DamagedError: bytes in it are wrong.
            StorageError: it cannot be read or stored.
            OptionError: the name is none.
        """
        from intab.engine.storage.import_model import import_model  # nor for this

        location = None if model is None else self._locate(model)
        key = await import_model(self._services(), source, location, on_progress)
        return describe(key, *(await self._known())[key])

    async def room(self) -> Room:
        """Measure the store.

        Returns:
            Bytes used and allowed, and whether the browser promised to keep them.

        Raises:
            StorageError: the store refuses.
        """
        return await self._store.room()

    async def verify(self, model: str | Path, *, on_progress: OnProgress = silent) -> Verdict:
        """Read all of a model; damaged files are deleted, and fetched by the next load.

        Args:
            model: its name or address.
            on_progress: hears how many bytes are read.

        Returns:
            How many bytes are right, and the files of which parts were not.

        Raises:
            ModelNotFoundError: no such model is stored.
            StorageError: the store refuses.
            OptionError: the name is none.
        """
        right, damaged = 0, set()
        for key in await self._find(model):
            async with self._services().lock(lock_name(key)):
                chunks = await self._chunks(key)
                sizes = {chunk.file: chunk.size for chunk in chunks}
                tally = Tally(sizes, on_progress, self._services().clock.now, "verify")
                for chunk in chunks:
                    is_right = await self._is_right(chunk)
                    tally.arrived(chunk.file, chunk.span.size)
                    if is_right:
                        right += chunk.span.size
                    else:
                        damaged.add(chunk.file)
                        await self._store.delete(str(chunk))
        return Verdict(right, tuple(sorted(damaged)))

    async def delete(self, model: str | Path | None = None) -> None:
        """Delete a model.

        Args:
            model: its name or address; left out, all that is stored is deleted.

        Raises:
            ModelNotFoundError: no such model is stored.
            StorageError: the store refuses.
            OptionError: the name is none.
        """
        for key in await self._find(model):
            async with self._services().lock(lock_name(key)):
                await self._store.delete(key.record)
                for text in await self._store.keys():
                    if parse_model(text) == key:
                        await self._store.delete(text)
        for text in await self._store.keys() if model is None else ():
            if parse_model(text) is None:  # of no model
                await self._store.delete(text)

    async def list(self) -> tuple[StoredModel, ...]:
        """List all models that are stored, whole or in part.

        Returns:
            The models, by name.

        Raises:
            StorageError: the store refuses.
        """
        known = await self._known()
        models = [describe(key, *facts) for key, facts in known.items()]
        return tuple(sorted(models, key=lambda model: (model.name, model.address)))

    async def _known(self) -> dict[ModelKey, tuple[dict[str, Any], set[ChunkKey]]]:
        """The record and the chunks of each model."""
        chunks: defaultdict[ModelKey, set[ChunkKey]] = defaultdict(set)
        for text in await self._store.keys():
            if chunk := parse_chunk_key(text):
                chunks[chunk.model].add(chunk)
            elif model := parse_model(text):
                chunks[model].update()
        return {
            key: (await read_record(self._store, key.record), parts)
            for key, parts in chunks.items()
        }

    @property
    def _store(self) -> Store[Any]:
        return self._services().store

    async def _chunks(self, model: ModelKey) -> Sequence[ChunkKey]:
        chunks = map(parse_chunk_key, await self._store.keys())
        return [chunk for chunk in chunks if chunk and chunk.model == model]

    async def _is_right(self, chunk: ChunkKey) -> bool:
        try:
            body = await self._store.match(str(chunk))
            return body is not None and await body.sha256() == chunk.digest
        except StorageError:  # it cannot be read
            return False

    async def _find(self, model: str | Path | None) -> tuple[ModelKey, ...]:
        name = None if model is None else check_text(model)
        models = await self.list()
        found = tuple(
            ModelKey(model.address, model.revision)
            for model in models
            if name in (None, model.name, model.address)
        )
        if name is not None and not found:
            stored = ", ".join(model.name for model in models) or "none"
            raise ModelNotFoundError(f"No model {name!r} is stored; stored are: {stored}.")
        return found
