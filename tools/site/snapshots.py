"""The memory of a Pyodide that has started, made by Node.js: tools/site/snapshot.mjs.

Starting takes seconds, so each is kept in build/cache under the digest of what it was made from.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tools.site.sources import SiteError, Sources, sha256_of

MAKER = Path(__file__).with_name("snapshot.mjs")
MADE_FROM = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")


def made(sources: Sources) -> bytes:
    pyodide = sources.node_modules / "pyodide"
    parts = "".join(sha256_of(path) for path in (MAKER, *(pyodide / name for name in MADE_FROM)))
    kept = sources.cache / f"{hashlib.sha256(parts.encode()).hexdigest()}.snapshot"
    if not kept.exists():
        _make(pyodide, kept)
    return kept.read_bytes()


def _make(pyodide: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".draft")
    command = ["node", str(MAKER), str(pyodide.resolve()), str(draft.resolve())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SiteError(f"Node.js could not start Pyodide for its snapshot:\n{done.stderr}")
    draft.rename(target)
