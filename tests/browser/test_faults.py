"""A real browser and a server that goes wrong: the right bytes or one clear error, as in CPython.

INTAB_SEQUENCES sets how many sequences are run; `make faults` runs many. A sixth of them kill the
page at the first visit's n-th request; the others break visits off by cancelling them.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import serve_command
from tests.browser.visitor import Visitor, visits
from tests.support.delivering import CHUNK, wrong
from tests.support.faulty_server import FAULTS, FaultyServer, serving_faults

SEQUENCES = int(os.environ.get("INTAB_SEQUENCES", "51"))
BATCH = 8  # sequences in one run of a program: more would take long and print much
KILLS = max(SEQUENCES // 6, 1)
KINDS = ("cache", "opfs", "indexeddb")
DATA = random.Random(4).randbytes(5 * CHUNK + 77)
SHA256 = hashlib.sha256(DATA).hexdigest()
SOURCE = (Path(__file__).parents[1] / "support" / "delivering.py").read_text("utf-8")
PROGRAM = f"""{SOURCE}
import json
from dataclasses import replace as changed
from intab.platform import loader
from intab.browser.cache import BrowserStore

services = changed(loader().services, store=BrowserStore({{kind!r}}))
facts = ({{origin!r}}, {len(DATA)}, {SHA256!r})
"""
RUN = "print(json.dumps([await sequence(services, *facts, n) for n in range({first}, {end})]))\n"
VISIT = """found = await visit(services, facts[0] + '/killed/{seed}/', *facts[1:], {retry_policy})
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with serving_faults(DATA) as running:
        yield running


@pytest.fixture(scope="module")
def address(site: Path, server: FaultyServer) -> Iterator[str]:
    other = server.origin.replace("127.0.0.1", "localhost")
    with serve_command(site, "--connect", server.origin, "--connect", other) as served:
        yield served


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Visitor]:
    yield from visits(browser, address)


def program(server: FaultyServer, kind: str, call: str) -> str:
    setting = PROGRAM.replace("{kind!r}", repr(kind)).replace("{origin!r}", repr(server.origin))
    return setting + call


@pytest.mark.parametrize("kind", KINDS)
def test_any_sequence(opened: Visitor, server: FaultyServer, kind: str) -> None:
    server.happened.clear()
    count = SEQUENCES // len(KINDS)
    seeds = range(KINDS.index(kind) * count, (KINDS.index(kind) + 1) * count)
    for first in seeds[::BATCH]:
        call = RUN.format(first=first, end=min(first + BATCH, seeds.stop))
        for results in json.loads(opened.run(program(server, kind, call))):
            assert [wrong(result, DATA) for result in results] == [[]] * len(results)
            assert (results[-1]["error"], results[-1]["message"]) == ("", "")
    assert len(server.happened) > len(FAULTS) // 2


def test_a_page_that_is_killed_at_any_moment(
    opened: Visitor, address: str, server: FaultyServer
) -> None:
    reached = 0
    for seed in range(KILLS):
        first, last = (
            program(
                server, KINDS[seed % len(KINDS)], VISIT.format(seed=seed, retry_policy=retry_policy)
            )
            for retry_policy in ("IMPATIENT", "PATIENT")
        )
        server.go_wrong(seed, 0.3, kill_at=random.Random(seed).randrange(1, 6))
        opened.start(first)
        while not server.reached.wait(0.1) and state(opened) == "running":
            pass  # a server without ranges is asked once; then the visit may end before that
        reached += server.reached.is_set()
        opened.open(address)  # the worker dies with the page that is left
        server.chance = 0.0
        result = json.loads(opened.run(last))
        assert (result["error"], result["message"], wrong(result, DATA)) == ("", "", []), seed
    assert reached > KILLS // 2


def state(visitor: Visitor) -> str | None:
    return visitor.status.get_attribute("data-state")


def test_a_download_that_is_stopped_ends_on_both_sides(
    opened: Visitor, server: FaultyServer
) -> None:
    server.wanted = ("stall",)
    server.hung_up.clear()
    server.go_wrong(1, 1.0, kill_at=1)
    opened.start(program(server, "cache", VISIT.format(seed="stopped", retry_policy="PATIENT")))
    assert server.reached.wait(60)
    opened.button("stop").click()
    expect(opened.status).to_have_text("Stopped")  # sooner than the visit's patience ends
    assert server.hung_up.wait(60)  # the request itself was stopped, not only forgotten
    server.wanted = tuple(FAULTS)
