"""What every store must do: run over the fake and a folder in CPython, and, as a program in the
page, over the browser's three. It needs nothing but a store and a memory."""

from __future__ import annotations

import asyncio
from typing import Any

from intab.engine.io.protocols import Memory, Store
from intab.engine.io.ranges import Span
from intab.engine.storage.keys import ChunkKey, ModelKey

NASTY = ["", ".", "..", "/", "+", "a+/b", "ü %2F \n", "x" * 99, "y" * 100, "z" * 101, "w" * 700]


def key(name: str, start: int = 0) -> str:
    """A key as a delivery makes them, of some length."""
    model = ModelKey("https://host/org/name/resolve/main/", "main")
    return str(ChunkKey(model, name, "f" * 64, 'W/"1-x"', 99, Span(start, start + 1), "e" * 64))


async def text(store: Store[Any], which: str) -> str:
    """What is stored under a key."""
    body = await store.match(which)
    return "nothing" if body is None else str(body.text())


async def absent(store: Store[Any], memory: Memory[Any]) -> None:
    assert await store.keys() == []
    assert await store.match(key("a")) is None
    await store.delete(key("a"))


async def put_and_match(store: Store[Any], memory: Memory[Any]) -> None:
    await store.put(key("a"), memory.encode("one"))
    assert await text(store, key("a")) == "one"
    body = await store.match(key("a"))
    assert body is not None
    assert body.size == 3
    assert (await body.sha256()).startswith("7692c3ad")
    assert await store.match(key("b")) is None


async def replaced(store: Store[Any], memory: Memory[Any]) -> None:
    await store.put(key("a"), memory.encode("one longer"))
    await store.put(key("a"), memory.encode("two"))
    assert await text(store, key("a")) == "two"
    assert await store.keys() == [key("a")]


async def empty(store: Store[Any], memory: Memory[Any]) -> None:
    await store.put(key("a"), memory.encode(""))
    assert await text(store, key("a")) == ""


async def any_key(store: Store[Any], memory: Memory[Any]) -> None:
    for name in NASTY:
        await store.put(key(name), memory.encode(name))
    assert sorted(await store.keys()) == sorted(map(key, NASTY))
    for name in NASTY:
        assert await text(store, key(name)) == name


async def deleted(store: Store[Any], memory: Memory[Any]) -> None:
    for name in NASTY:
        await store.put(key(name), memory.encode(name))
    for name in NASTY[::2]:
        await store.delete(key(name))
    assert sorted(await store.keys()) == sorted(map(key, NASTY[1::2]))
    for name in NASTY:
        assert (await store.match(key(name)) is None) == (name in NASTY[::2])


async def many_at_once(store: Store[Any], memory: Memory[Any]) -> None:
    starts = range(30)
    large = "0123456789abcdef" * 4096
    await asyncio.gather(*(store.put(key("a", n), memory.encode(f"{n} {large}")) for n in starts))
    texts = await asyncio.gather(*(text(store, key("a", n)) for n in starts))
    assert list(texts) == [f"{n} {large}" for n in starts]


async def same_at_once(store: Store[Any], memory: Memory[Any]) -> None:
    large = "0123456789abcdef" * 4096
    await asyncio.gather(*(store.put(key("a"), memory.encode(large)) for _ in range(5)))
    assert await text(store, key("a")) == large
    assert await store.keys() == [key("a")]


async def deleted_beside(store: Store[Any], memory: Memory[Any]) -> None:
    """Folders that become empty may be wanted at that moment."""
    await store.put(key("a"), memory.encode("0"))
    for n in range(1, 20):
        put = store.put(key("a", n), memory.encode(str(n)))
        await asyncio.gather(store.delete(key("a", n - 1)), put)
    assert await store.keys() == [key("a", 19)]
    assert await text(store, key("a", 19)) == "19"


async def listed_once_whole(store: Store[Any], memory: Memory[Any]) -> None:
    large = "0123456789abcdef" * 65536
    puts = [asyncio.ensure_future(store.put(key("a", n), memory.encode(large))) for n in range(20)]
    while not all(put.done() for put in puts):
        for which in await store.keys():
            assert which in {key("a", n) for n in range(20)}
            assert await text(store, which) == large
    await asyncio.gather(*puts)


async def cancelled(store: Store[Any], memory: Memory[Any]) -> None:
    """A put that is broken off has put its body or never will."""
    for n in range(10):
        put = asyncio.ensure_future(store.put(key("a", n), memory.encode("0123456789abcdef")))
        for _ in range(n):
            await asyncio.sleep(0)
        put.cancel()
        await asyncio.wait({put})
        await store.delete(key("a", n))
    assert await store.keys() == []
    await store.put(key("b"), memory.encode("one"))  # whatever was late is there by now
    assert await store.keys() == [key("b")]


async def room(store: Store[Any], memory: Memory[Any]) -> None:
    found = await store.room()
    assert found.free is None or found.free > 0


CONTRACT = [
    absent,
    put_and_match,
    replaced,
    empty,
    any_key,
    deleted,
    many_at_once,
    same_at_once,
    deleted_beside,
    listed_once_whole,
    cancelled,
    room,
]


async def hold_to_contract(store: Store[Any], memory: Memory[Any]) -> None:
    """Run all of it; the store is empty before and after each part."""
    for part in CONTRACT:
        await part(store, memory)
        for left in await store.keys():
            await store.delete(left)
        assert await store.keys() == []
