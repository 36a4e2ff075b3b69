"""Builds the kernels: `python kernels/build.py` writes them, `--check` compares.

They are kept in the repository, as the wheels are, since few machines have a clang for WebAssembly;
the same clang gives the same bytes. Debian: apt-get install clang-19 lld-19.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "kernels.lock.json"
# What lives in onnxruntime-web's memory, beside its functions.
INSIDE = (
    "-matomics",
    "-Wl,--shared-memory",
    "-Wl,--max-memory=4294967296",
    "-Wl,--import-table",
)
INT8 = "int8/gemm.c"
# Name -> source and flags: of the int8 kernel one for the tests too for each habit of processors
# (int8/dot.h).
WANTED: dict[str, tuple[str, ...]] = {
    "int8.wasm": (INT8, "-mrelaxed-simd", *INSIDE),
    "resize.wasm": ("resize/resize.c",),
} | {
    f"tests/habit{number}.wasm": (INT8, f"-DDOT_HABIT={number}", *INSIDE) for number in range(1, 5)
}
FLAGS = (
    "--target=wasm32",
    "-std=c17",
    "-O3",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-nostdlib",
    "-ffreestanding",
    "-msimd128",
    "-mbulk-memory",
    "-mmutable-globals",
    "-Wl,--no-entry",
    "-Wl,--import-memory",
    "-Wl,--strip-all",
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the kernels.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    compiler = shutil.which("clang-19")
    if compiler is None:
        print("clang-19 is missing (Debian: apt-get install clang-19 lld-19).", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "kernel.wasm"
        built = {name: build(compiler, target, *given) for name, given in WANTED.items()}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in built.items()}
    lock = {"compiler": version(compiler), "source": source_digest(), "files": digests}
    if check:
        return compare(lock)
    for name, data in built.items():
        (HERE / name).write_bytes(data)
    LOCK.write_text(json.dumps(lock, indent=2) + "\n")
    return 0


def build(compiler: str, target: Path, source: str, *flags: str) -> bytes:
    """One module's bytes."""
    subprocess.run([compiler, *FLAGS, *flags, "-o", target, HERE / source], check=True)
    return target.read_bytes()


def version(compiler: str) -> str:
    """What the compiler calls itself."""
    said = subprocess.check_output([compiler, "--version"], text=True)
    return said.splitlines()[0]


def source_digest() -> str:
    """The sha256 of the sources, by which a test sees that they were built."""
    digest = hashlib.sha256()
    for path in sorted(HERE.glob("*/*.[ch]")):
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()


def compare(lock: Mapping[str, object]) -> int:
    """0 if the kept files are what these sources give."""
    if json.loads(LOCK.read_text()) == lock:
        return 0
    print("The kept kernels are not what the sources give: make kernels.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
