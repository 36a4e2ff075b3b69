"""The places where a platform can keep models, of which one is used.

    stores = Stores({"cache": make_cache, "opfs": make_opfs})  # the first, until told otherwise
    stores.use("opfs")

There are never two half-filled ones: before the chosen place is used, it takes over what the others
hold, a body at a time, so that a stop in the middle loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Generic

from intab.engine.io.protocols import B, Room, Store
from intab.errors import OptionError, StorageError


class Stores(Generic[B]):
    """A Store that is one of several."""

    def __init__(self, kinds: Mapping[str, Callable[[], Store[B]]]) -> None:
        self._kinds = kinds
        self._store = next(iter(kinds.values()))()
        self._others: tuple[Store[B], ...] = ()  # those that have not been moved yet
        self._moving = asyncio.Lock()

    def use(self, kind: str) -> None:
        """Keep models there from now on; what is kept elsewhere is moved there at its next use."""
        if kind not in self._kinds:
            raise OptionError(f"There is no store {kind!r}; there are: {', '.join(self._kinds)}.")
        self._store = self._kinds[kind]()
        self._others = tuple(make() for name, make in self._kinds.items() if name != kind)

    async def match(self, key: str) -> B | None:
        """The body under a key, None where there is none."""
        return await (await self._ready()).match(key)

    async def put(self, key: str, body: B) -> None:
        """Keep a body."""
        await (await self._ready()).put(key, body)

    async def delete(self, key: str) -> None:
        """Forget a body."""
        await (await self._ready()).delete(key)

    async def keys(self) -> list[str]:
        """All keys."""
        return await (await self._ready()).keys()

    async def room(self) -> Room:
        """How much is used and may be."""
        return await self._store.room()

    async def _ready(self) -> Store[B]:
        if self._others:
            async with self._moving:
                store = self._store
                for other in self._others:
                    await _move(other, store)
                self._others = () if store is self._store else self._others
        return self._store


async def _move(source: Store[B], target: Store[B]) -> None:
    """Two tabs may do so at once: a key says what is under it, so what is there need not be put."""
    try:
        keys = await source.keys()
    except StorageError:  # this browser has it not
        return
    there = set(await target.keys())
    for key in keys:
        if not {"", ".", ".."}.isdisjoint(key.split("/")):
            continue  # somebody else's: not every store could take it
        try:
            body = await source.match(key)
        except StorageError:  # it is as good as gone
            body = None
        if body is not None and key not in there:
            await target.put(key, body)
        await source.delete(key)
