"""The notices of the crates that are linked into a wheel, from what cargo says about them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import shell

Package = dict[str, Any]


def third_party(manifest: Path, target: str, env: Mapping[str, str]) -> bytes:
    """One text: each crate with its licence, then each different licence text once."""
    command = ["/usr/bin/cargo", "metadata", "--locked", "--format-version", "1"]
    command += ["--filter-platform", target, "--manifest-path", str(manifest)]
    metadata = json.loads(shell.run(command, manifest.parent, env))
    packages = sorted(_linked(metadata), key=lambda package: (package["name"], package["version"]))
    lines = [f"{one['name']} {one['version']}: {one['license']}" for one in packages]
    texts = sorted({text for package in packages for text in _texts(package)})
    return "\n\n".join(["\n".join(lines), *texts, ""]).encode()


def _linked(metadata: dict[str, Any]) -> Iterator[Package]:
    """The packages that the extension depends on at run time, found from its root."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    todo, seen = [metadata["resolve"]["root"]], set()
    while todo:
        found = todo.pop()
        if found not in seen:
            seen.add(found)
            todo += [need["pkg"] for need in nodes[found]["deps"] if _at_run_time(need)]
    return (package for package in metadata["packages"] if package["id"] in seen)


def _at_run_time(need: dict[str, Any]) -> bool:
    return any(kind["kind"] is None for kind in need["dep_kinds"])


def _texts(package: Package) -> Iterator[str]:
    folder = Path(package["manifest_path"]).parent
    names = ("LICENSE*", "LICENCE*", "COPYING*", "UNLICENSE*", "oniguruma/COPYING*")
    for path in sorted(path for name in names for path in folder.glob(name) if path.is_file()):
        yield path.read_text(encoding="utf-8", errors="replace").strip()
