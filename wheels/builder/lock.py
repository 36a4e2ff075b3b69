"""`wheels.lock.json`: what each wheel in this folder is, with its sha256."""

from __future__ import annotations

import json
from pathlib import Path

from .recipe import Recipe
from .shell import sha256

Lock = dict[str, dict[str, object]]


def entry(recipe: Recipe, wheel: Path) -> dict[str, object]:
    """One wheel's entry."""
    return {
        "name": recipe.name,
        "version": recipe.version,
        "sha256": sha256(wheel),
        "size": wheel.stat().st_size,
        "imports": recipe.imports,
        "depends": recipe.depends,
        "provenance": recipe.provenance,
        "licence": recipe.licence,
    }


def read(path: Path) -> Lock:
    wheels: Lock = json.loads(path.read_text())["wheels"]
    return wheels


def write(path: Path, toolchain: str, wheels: Lock) -> None:
    """Write the lock; the same wheels give the same bytes."""
    content = {"toolchain": toolchain, "wheels": dict(sorted(wheels.items()))}
    path.write_text(json.dumps(content, indent=2) + "\n")
