"""The compilers, from Debian: installed when we are root, asked for in one sentence when not.

The toolchain has no Emscripten SDK in it: rustc-web compiles Rust and its standard library,
clang the C of Oniguruma, lld links. `wasm-opt` comes from npm, where its version is pinned.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import shell
from .errors import MissingToolError

BINARYEN = "132.0.0"  # Debian has 108, from 2022
PACKAGES = {
    "/usr/bin/rustc": "rustc-web",
    "/usr/bin/cargo": "cargo-web",
    "/usr/lib/rustlib/src/rust/library/std": "rust-web-src",
    "/usr/bin/wasm-ld-22": "lld-22",
    "/usr/bin/clang-22": "clang-22",
    "/usr/bin/llvm-ar-22": "llvm-22",
    "/usr/bin/git": "git",
    "/usr/bin/npm": "npm",
}


def ensure_compilers() -> None:
    """Install what is missing, or say what to install."""
    missing = [package for path, package in PACKAGES.items() if not Path(path).exists()]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingToolError(
            f"Install these Debian packages, then run again: {' '.join(missing)}"
        )
    shell.run(["apt-get", "update", "-qq"], Path("/"))
    shell.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], Path("/"))


def ensure_wasm_opt(folder: Path) -> Path:
    """Put the pinned binaryen into `folder` and return its wasm-opt."""
    program = folder / "node_modules/binaryen/bin/wasm-opt"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shell.run(
            ["npm", "install", "--no-save", "--prefix", folder, f"binaryen@{BINARYEN}"], folder
        )
    return program


def versions() -> str:
    """The compilers' versions: other ones give other bytes."""
    rustc = shell.run(["/usr/bin/rustc", "--version"], Path("/")).split(" (")[0]
    clang = shell.run(["/usr/bin/clang-22", "--version"], Path("/")).splitlines()[0]
    lld = shell.run(["/usr/bin/wasm-ld-22", "--version"], Path("/")).strip()
    return f"{rustc}; {clang}; {lld}; binaryen {BINARYEN}"
