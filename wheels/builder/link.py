"""Stands in for `emcc` when rustc links: turns its arguments into wasm-ld's.

rustc only knows how to call emcc for this target. A side module needs none of what emcc
adds: Pyodide's main module exports libc, so what is unresolved stays an import.
Run as `python link.py INIT_SYMBOL rustc's arguments...`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

SIDE_MODULE = [
    "wasm-ld-22",
    "-shared",
    "--experimental-pic",
    "--unresolved-symbols=import-dynamic",
    "-Bsymbolic",
    "--no-entry",
    "--gc-sections",
    "--no-export-dynamic",
    "--strip-all",
    "-O2",
]


def wasm_ld(init: str, arguments: list[str]) -> list[str]:
    """The wasm-ld command for rustc's emcc arguments.

    >>> wasm_ld("PyInit_x", ["-sSIDE_MODULE", "a.o", "-lc", "-o", "x.wasm"])[-4:]
    ['--export=PyInit_x', 'a.o', '-o', 'x.wasm']
    """
    return [*SIDE_MODULE, f"--export={init}", *_kept(iter(arguments))]


def _kept(arguments: Iterator[str]) -> Iterator[str]:
    for argument in arguments:
        if argument in ("-o", "-L"):
            yield from (argument, next(arguments))
        elif argument.endswith((".o", ".rlib", ".a")) or argument.startswith("-L"):
            yield argument


if __name__ == "__main__":
    sys.exit(subprocess.call(wasm_ld(sys.argv[1], sys.argv[2:])))
