"""Deliveries from a real server that goes wrong: every fault by itself, then many by chance."""

from __future__ import annotations

import gc
import hashlib
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intab.engine.io.protocols import Services
from intab.native.folder import FolderStore
from intab.native.runtime import NativeRuntime
from tests.support.delivering import CHUNK, PATIENT, sequence, visit, wrong
from tests.support.faulty_server import FAULTS, FaultyServer, serving_faults

# A request that is cancelled while it connects leaves its socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
SEQUENCES = int(os.environ.get("INTAB_SEQUENCES", "25"))
DATA = random.Random(3).randbytes(5 * CHUNK + 77)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with serving_faults(DATA) as running:
        yield running


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services[Any]]:
    """CPython's, with a folder of one's own."""
    yield replace(NativeRuntime().services, store=FolderStore(lambda: tmp_path))
    gc.collect()  # here, where such sockets are expected, and not in another test


@pytest.mark.parametrize("fault", FAULTS)
async def test_one_fault_by_itself(
    fault: str, server: FaultyServer, services: Services[Any]
) -> None:
    server.go_wrong(seed=0, chance=0.3)
    server.wanted = (fault,)
    server.happened.clear()
    base = f"{server.origin}/m/"
    assert wrong(await visit(services, base, len(DATA), SHA256), DATA) == []
    assert server.happened[fault] > 0
    server.chance = 0.0
    after = await visit(services, base, len(DATA), SHA256, PATIENT)
    assert (after["error"], after["sha256"]) == ("", SHA256)


async def test_any_sequence_of_faults_and_kills(
    server: FaultyServer, services: Services[Any]
) -> None:
    server.wanted = tuple(FAULTS)
    server.happened.clear()
    for seed in range(SEQUENCES):
        results = await sequence(services, server.origin, len(DATA), SHA256, seed)
        assert [wrong(result, DATA) for result in results] == [[]] * len(results), seed
        assert (results[-1]["error"], results[-1]["message"]) == ("", ""), seed
    assert set(server.happened) == set(FAULTS)
