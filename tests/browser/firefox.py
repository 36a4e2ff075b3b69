"""Visits the served page in Firefox: `make firefox` prints what it saw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.browser.conftest import server
from tools.browser import BrowserError
from tools.firefox import find

VISIT = Path(__file__).with_suffix(".mjs")
SITE = Path(__file__).parents[2] / "build" / "site"


def visit(site: Path) -> subprocess.CompletedProcess[str]:
    """One visit of a site that is served until the visit is offline."""
    firefox = find()
    with server(site) as (process, address):
        command = ["node", str(VISIT), address, str(firefox), str(process.pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def printed_in_firefox(address: str, call: str, programs: list[str]) -> list[str]:
    """What the JavaScript `call(["", program])` gives in a page of somebody's, one by one."""
    script = VISIT.with_name("firefox_calls.mjs")
    command = ["node", str(script), address, str(find()), call, *programs]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [str(json.loads(line)) for line in done.stdout.splitlines()]


def main() -> int:
    try:
        done = visit(SITE)
    except BrowserError as error:
        print(f"intab: {error}", file=sys.stderr)
        return 1
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
