"""Work that is not broken off with those who wait for it."""

from __future__ import annotations

import asyncio

import pytest

from intab.engine.io.tasks import is_lasting, unbroken
from intab.errors import StorageError


class Write:
    """A write that ends when it is told to; `failing` with an error."""

    def __init__(self, *, failing: bool = False) -> None:
        self.may_end = asyncio.Event()
        self.ended = False
        self.failing = failing

    async def work(self) -> str:
        task = asyncio.current_task()
        assert task is not None
        assert is_lasting(task)  # the end of a program does not cancel it
        await self.may_end.wait()
        self.ended = True
        if self.failing:
            raise StorageError("it is full.")
        return "written"


async def begun(write: Write) -> asyncio.Task[str]:
    task = asyncio.ensure_future(unbroken(write.work()))
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_its_result_and_its_error() -> None:
    write, other = Write(), Write(failing=True)
    write.may_end.set()
    other.may_end.set()
    assert await unbroken(write.work()) == "written"
    with pytest.raises(StorageError):
        await unbroken(other.work())


@pytest.mark.parametrize("failing", [False, True])
async def test_who_is_cancelled_is_so_when_it_has_ended(failing: bool) -> None:
    write = Write(failing=failing)
    task = await begun(write)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    write.may_end.set()
    await asyncio.wait({task})
    assert task.cancelled()
    assert write.ended


async def test_who_is_cancelled_twice_does_not_wait() -> None:
    write = Write()
    task = await begun(write)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait({task}, timeout=60)
    assert task.cancelled()
    assert not write.ended
    write.may_end.set()
