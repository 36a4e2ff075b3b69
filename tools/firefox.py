"""Finds a Firefox for the tests: `python -m tools.firefox` prints its path.

In this order: INTAB_FIREFOX; one that the machine has; Debian's from apt, as root. Each must start
before it is taken.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tools.browser import BrowserError, install, starts

USUAL = ("firefox-esr", "firefox")


def find() -> Path:
    """A Firefox that starts; a BrowserError says how to name one."""
    if named := os.environ.get("INTAB_FIREFOX"):
        return _started(Path(named))
    if not any(shutil.which(name) for name in USUAL):
        install("firefox-esr")
    for name in USUAL:
        if (found := shutil.which(name)) and starts(Path(found)):
            return Path(found)
    raise BrowserError(
        "No Firefox found, none could be installed; install one "
        "(Debian: apt-get install firefox-esr) or name it: INTAB_FIREFOX=/path/to/firefox"
    )


def _started(path: Path) -> Path:
    if not starts(path):
        raise BrowserError(f"INTAB_FIREFOX names {path}, which does not start.")
    return path


def main() -> int:
    try:
        print(f"Firefox: {find()}")
    except BrowserError as error:
        print(f"intab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
