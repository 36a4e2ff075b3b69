"""Hashes of stored chunks that are made beside the making of a network, not before it.

What the chunks hold are weights: wrong ones make wrong numbers and nothing else, and nobody gets
the network before all hashes were compared. Files that are parsed are not brought so.
"""

from __future__ import annotations

import asyncio
from typing import Generic

from intab.engine.io.protocols import B
from intab.engine.io.tasks import start
from intab.engine.storage.keys import ChunkKey
from intab.engine.storage.model_cache import ModelCache
from intab.errors import DamagedError

AT_A_TIME = 8  # chunks: a browser copies what it hashes, and shall not hold the model twice


class LateHashes(Generic[B]):
    """Chunks of one load that were taken from the store, and whose hashes are on their way."""

    def __init__(self, model_cache: ModelCache[B]) -> None:
        self._model_cache = model_cache
        self._room = asyncio.Semaphore(AT_A_TIME)
        self._awaited: list[tuple[ChunkKey, asyncio.Task[bool]]] = []
        self._wrong: list[str] = []

    async def take(self, key: ChunkKey) -> B | None:
        """A chunk, to be used soon, whose hash is begun; None if it is gone."""
        await self._room.acquire()
        body: B | None = None
        try:
            body = await self._model_cache.find(key, hold=True)
        finally:
            if body is None:
                self._room.release()
        if body is not None:
            self._awaited.append((key, start(self._is_right(key, body))))
        return body

    async def _is_right(self, key: ChunkKey, body: B) -> bool:
        try:
            return await self._model_cache.is_right(key, body)
        finally:
            self._room.release()

    async def settle(self) -> None:
        """DamagedError if any chunk is not what its key says; such are deleted."""
        while self._awaited:
            key, right = self._awaited[0]
            if not await right:
                self._wrong.append(key.file)
            self._awaited.pop(0)
        if self._wrong:
            raise DamagedError(
                f"What was stored of {self._wrong[0]} is damaged: load the model again."
            )

    async def found_damage(self) -> bool:
        """Whether there is such a chunk."""
        try:
            await self.settle()
        except DamagedError:
            return True
        return False

    async def end(self) -> None:
        """Nobody asks for the rest; none of it touches the store after this."""
        rest = [right for _, right in self._awaited]
        for right in rest:
            right.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
