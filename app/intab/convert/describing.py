"""Writes intab.json: what a visitor downloads, with sizes and hashes, and a prompt to check it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from intab.engine.io.ranges import chunk_for


def write_manifest(folder: Path, dtypes: Mapping[str, Sequence[str]], **more: Any) -> None:
    """Write the folder's intab.json for one graph a dtype; `more` are further keys, such as
    self_test and devices."""
    graphs = {"dtypes": {dtype: list(names) for dtype, names in dtypes.items()}}
    _write(folder, {"format": 1}, {**graphs, **more})


def write_roles(
    folder: Path, roles: Mapping[str, Mapping[str, Sequence[str]]], **more: Any
) -> None:
    """The same for graphs by role and dtype."""
    _write(folder, {"format": 2, "roles": roles}, more)


def _write(folder: Path, first: Mapping[str, Any], last: Mapping[str, Any]) -> None:
    files = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("README.md", "intab.json")
    )
    described = {"files": {name: describe_file(folder / name) for name in files}}
    write_json(folder / "intab.json", {**first, **described, **last})


def describe_file(path: Path, chunk: int = 0) -> dict[str, Any]:
    """A file's size, sha256, and those of its chunks (0: as suits it) where it has several."""
    chunk = chunk or chunk_for(path.stat().st_size)
    whole, chunks = hashlib.sha256(), []
    with path.open("rb") as file:
        while part := file.read(chunk):
            whole.update(part)
            chunks.append(hashlib.sha256(part).hexdigest())
    entry: dict[str, Any] = {"size": path.stat().st_size, "sha256": whole.hexdigest()}
    return entry | ({"chunk_size": chunk, "chunks": chunks} if len(chunks) > 1 else {})


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON as people read it."""
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
