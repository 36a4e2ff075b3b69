"""`python -m http.server`: a host that sends files, and no header of ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serve_plainly(folder: Path) -> Iterator[str]:
    """Its address."""
    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    command += ["--directory", str(folder)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        try:
            yield process.stdout.readline().split("(")[1].split(")")[0]  # type: ignore[union-attr]
        finally:
            process.terminate()
