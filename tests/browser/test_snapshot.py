"""A later visit takes Python as it is after its start from what is kept of the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.programs import printed_json
from tests.browser.visitor import STARTED, Visitor, expect_kept
from tools.site.offline import integrity_of

# Each start has hashes of its own; those of the snapshot are always the same.
FACTS = """
import asyncio, datetime, json, os, random, sys, time
from pyodide.ffi import run_sync
time.sleep(0.001)
local = datetime.datetime.now().astimezone()
print(json.dumps({
    "hash": hash("intab"),
    "waited": run_sync(asyncio.sleep(0, 7)),  # by JSPI, which Node.js did not have
    "chance": [random.random(), os.urandom(8).hex()],
    "zone": [time.tzname, time.timezone, time.altzone, time.daylight,
             time.localtime().tm_zone, local.tzname(),
             local.utcoffset().seconds],
    "python": [sys.path, sys.argv, sorted(os.environ.items()), os.getcwd(), sorted(sys.flags)],
}))
"""


def facts(visitor: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = printed_json(visitor, FACTS)
    return found


def open_again(visitor: Visitor) -> dict[str, Any]:
    visitor.page.reload()
    visitor.expect_state("ready", timeout=STARTED)
    return facts(visitor)


def test_later_starts_take_the_snapshot_and_nothing_of_its_time(
    browser: Browser, site: Path
) -> None:
    page = browser.new_context(timezone_id="Australia/Sydney", locale="de-DE").new_page()
    with serve_command(site) as address:
        visitor = Visitor(page).open(address)
        first = facts(visitor)
        expect_kept(page)
    second = open_again(visitor)  # without a server
    visitor.button("restart").click()
    visitor.expect_state("ready", timeout=STARTED)
    third = facts(visitor)
    assert first["hash"] != second["hash"] == third["hash"]
    chances = [first["chance"], second["chance"], third["chance"]]
    assert len({chance[0] for chance in chances}) == len({chance[1] for chance in chances}) == 3
    assert first["waited"] == second["waited"] == third["waited"] == 7
    assert first["zone"] == second["zone"] == third["zone"]
    assert first["zone"][1] == -10 * 3600
    assert first["python"] == second["python"] == third["python"]
    page.context.close()


def rewrite(path: Path, content: bytes) -> None:
    """Put something else there; nothing pre-compressed that is stale."""
    for old in (path, *path.parent.glob(f"{path.name}.*")):
        old.unlink()  # it may be a link to the original
    path.write_bytes(content)


@pytest.fixture
def unfit(site: Path, tmp_path: Path) -> Path:
    """A site whose snapshot is what its list says, and of no use."""
    folder = copy_site(site, tmp_path / "site")
    [snapshot] = folder.glob("runtime-*/pyodide/python.snapshot")
    start = snapshot.with_name("start.mjs")
    [files] = folder.glob("assets/files-*.json")
    new = {integrity_of(snapshot): snapshot, integrity_of(start): start}
    rewrite(snapshot, bytes(64))
    for place in (start, files):
        content = place.read_text()
        for old, path in new.items():
            content = content.replace(old, integrity_of(path))
        rewrite(place, content.encode())
    return folder


def test_where_it_does_not_fit_python_starts_as_ever(page: Page, unfit: Path) -> None:
    with serve_command(unfit) as address:
        visitor = Visitor(page).open(address)
        first = facts(visitor)
        expect_kept(page)
        assert open_again(visitor)["hash"] != first["hash"]
