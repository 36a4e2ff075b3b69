"""Deliveries from a real server that goes wrong: every fault by itself, then many by chance."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intab.native.folder import FolderStore
from intab.native.runtime import NativeRuntime
from tests.delivering import CHUNK, visit, wrong
from tests.faulty_server import FAULTS, FaultyServer, serving_faults

SEQUENCES = 60
DATA = random.Random(3).randbytes(5 * CHUNK + 77)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with serving_faults() as running:
        yield running


class Visitor:
    """Someone with a folder of their own."""

    def __init__(self, server: FaultyServer, folder: Path) -> None:
        self.server = server
        self.means = NativeRuntime().means
        assert isinstance(self.means.store, FolderStore)
        self.means.store._folder = lambda: folder

    async def visit(self) -> dict[str, Any]:
        told = await visit(self.means, self.server.address, len(DATA), SHA256)
        return dict(json.loads(told))


@pytest.mark.parametrize("fault", FAULTS)
async def test_one_fault_in_the_middle(fault: str, server: FaultyServer, tmp_path: Path) -> None:
    visitor = Visitor(server, tmp_path)
    server.go_wrong(seed=0, data=DATA, chance=0.3)
    server.wanted = (fault,)
    server.happened.clear()
    result = await visitor.visit()
    assert server.happened[fault] > 0
    assert wrong(result, DATA) == []
    server.chance = 0.0
    after = await visitor.visit()
    assert (after["error"], after["sha256"]) == ("", SHA256)


async def test_any_sequence_of_faults_and_kills(server: FaultyServer, tmp_path: Path) -> None:
    server.wanted = tuple(FAULTS)
    server.happened.clear()
    for seed in range(SEQUENCES):
        visitor = Visitor(server, tmp_path / str(seed))
        coin = random.Random(seed)
        for _ in range(coin.randrange(1, 4)):
            server.go_wrong(coin.randrange(10**9), DATA, coin.choice([0.1, 0.3, 0.7]))
            await killed_by_chance(visitor, coin)
        server.chance = 0.0
        result = await visitor.visit()
        assert (result["error"], wrong(result, DATA)) == ("", []), seed
    assert set(server.happened) == set(FAULTS)


async def killed_by_chance(visitor: Visitor, coin: random.Random) -> None:
    """A visit; some are cancelled after a random time."""
    task = asyncio.ensure_future(visitor.visit())
    limit = coin.uniform(0.005, 0.1) if coin.random() < 0.4 else 60
    await asyncio.wait({task}, timeout=limit)
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        assert wrong(task.result(), DATA) == []
