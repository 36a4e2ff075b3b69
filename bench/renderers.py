"""The processes that hold a browser's pages, to read their memory from /proc."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path


def renderers(profile: Path) -> list[int]:
    """The renderer processes of the browser with that profile."""
    listing = ["ps", "-ww", "-e", "-o", "pid=,ppid=,args="]
    shown = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    rows = [(int(pid), int(parent), args) for pid, parent, args in _fields(shown)]
    family = {pid for pid, _, args in rows if f"--user-data-dir={profile}" in args}
    while more := {pid for pid, parent, _ in rows if parent in family} - family:
        family |= more
    return [pid for pid, _, args in rows if pid in family and "--type=renderer" in args]


def _fields(shown: str) -> Iterator[list[str]]:
    for line in shown.splitlines():
        if len(fields := line.split(None, 2)) == 3:
            yield fields
