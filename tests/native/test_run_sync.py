"""run_sync in CPython: one loop for all calls, and none inside another."""

import asyncio

import pytest

import intab
from intab.errors import ProgramError


async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_all_calls_share_one_loop() -> None:
    assert intab.run_sync(loop()) is intab.run_sync(loop())


def test_inside_a_running_loop() -> None:
    async def inside() -> None:
        intab.run_sync(loop())

    with pytest.raises(ProgramError, match="use await instead"):
        asyncio.run(inside())
