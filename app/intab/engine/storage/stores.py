"""The places where a platform can keep models, of which one is used.

    stores = Stores({"cache": make_cache, "opfs": make_opfs})  # the first, until another is chosen
    stores.use("opfs")

If the chosen place refuses, as some browsers do in private windows, the next one serves. There are
never two half-filled ones: before a chosen place is used, it takes over what the others hold, a
body at a time, so that a stop in the middle loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Generic

from intab.engine.io.protocols import B, Room, Store
from intab.errors import OptionError, StorageError


class Stores(Generic[B]):
    """A Store that is one of several."""

    def __init__(self, kinds: Mapping[str, Callable[[], Store[B]]]) -> None:
        self._kinds = kinds
        self._chosen = next(iter(kinds))
        self._moves = False  # whether the others' bodies are to be taken over
        self._store: Store[B] | None = None  # the one that serves, once it has answered
        self._settling = asyncio.Lock()

    def use(self, kind: str) -> None:
        """Keep models there from now on; those kept elsewhere are moved there at the next use."""
        if kind not in self._kinds:
            raise OptionError(f"There is no store {kind!r}; there are: {', '.join(self._kinds)}.")
        self._chosen, self._moves, self._store = kind, True, None

    async def match(self, key: str) -> B | None:
        """The body under a key, None if there is none."""
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
        return await (self._store or self._kinds[self._chosen]()).room()

    async def _ready(self) -> Store[B]:
        """The store that serves; StorageError, the chosen one's, if all refuse."""
        async with self._settling:
            if self._store is None:
                chosen, moves = self._chosen, self._moves
                store, others = await self._first_that_answers(chosen)
                for other in others if moves else ():
                    await _move(other, store)
                if (chosen, moves) != (self._chosen, self._moves):  # `use` was called meanwhile
                    return store
                self._store = store
            return self._store

    async def _first_that_answers(self, chosen: str) -> tuple[Store[B], list[Store[B]]]:
        """A store that gives its keys, and the others."""
        stores = [self._kinds[kind]() for kind in self._in_order(chosen)]
        refusals = []
        for store in stores:
            try:
                await store.keys()
            except StorageError as exc:
                refusals.append(exc)
            else:
                return store, [other for other in stores if other is not store]
        raise refusals[0]

    def _in_order(self, chosen: str) -> Iterator[str]:
        yield chosen
        yield from (kind for kind in self._kinds if kind != chosen)


async def _move(source: Store[B], target: Store[B]) -> None:
    """Two tabs may do so at once: equal keys have equal bodies, so none is put twice."""
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
