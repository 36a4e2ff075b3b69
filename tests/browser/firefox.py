"""Visits the served page in Firefox: `make firefox`, apart from `make test`, which needs none.

INTAB_FIREFOX names one; else it is the machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.browser.conftest import serve_command

VISIT = Path(__file__).with_suffix(".mjs")
SITE = Path(__file__).parents[2] / "build" / "site"


def main() -> int:
    firefox = os.environ.get("INTAB_FIREFOX") or shutil.which("firefox-esr")
    if not (firefox := firefox or shutil.which("firefox")):
        print("intab: there is no Firefox; try: apt-get install firefox-esr", file=sys.stderr)
        return 1
    with serve_command(SITE) as address:
        return subprocess.run(["node", VISIT, address, firefox], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
