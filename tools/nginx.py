"""Finds an nginx with its brotli module for the tests: `python -m tools.nginx` prints its path.

The machine's own, else Debian's packages unpacked below build/: nothing is installed, no service is
started, and nobody has to be root. It knows no configuration.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNPACKED = ROOT / "build" / "nginx"
PACKAGES = ("nginx", "libnginx-mod-http-brotli-static")
MODULE = "usr/lib/nginx/modules/ngx_http_brotli_static_module.so"


class NginxError(Exception):
    """There is no nginx and none could be had; the message says what to install."""


@dataclass(frozen=True)
class Nginx:
    """A program and its module."""

    program: Path
    module: Path


def find() -> Nginx:
    """An nginx that can serve pre-compressed files."""
    for root in (Path("/"), UNPACKED):
        if (found := _below(root)).module.exists() and found.program.exists():
            return found
    if _unpack():
        return _below(UNPACKED)
    raise NginxError(
        "The tests of deploy/nginx.conf need nginx, which is not there and could not be unpacked; "
        f"try: apt-get install {' '.join(PACKAGES)}"
    )


def _below(root: Path) -> Nginx:
    return Nginx(root / "usr/sbin/nginx", root / MODULE)


def _unpack() -> bool:
    if not shutil.which("apt-get"):
        return False
    UNPACKED.mkdir(parents=True, exist_ok=True)
    if not _download():
        subprocess.run(["apt-get", "update"], capture_output=True, check=False)
        if not _download():
            return False
    for package in UNPACKED.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package.name, "."], cwd=UNPACKED, check=True)
    return _below(UNPACKED).program.exists()


def _download() -> bool:
    command = ["apt-get", "download", *PACKAGES]
    return subprocess.run(command, cwd=UNPACKED, capture_output=True, check=False).returncode == 0


def main() -> int:
    try:
        print(f"nginx: {find().program}")
    except NginxError as error:
        print(f"intab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
