"""`wheels.lock.json`: what each wheel in this folder is, with its sha256."""

from __future__ import annotations

import json
from pathlib import Path

from . import debian
from .recipe import Recipe
from .shell import sha256

Lock = dict[str, dict[str, object]]


def entry(recipe: Recipe, wheel: Path) -> dict[str, object]:
    """One wheel's entry; a compiled one names its toolchain, as another gives other bytes."""
    toolchain = {"toolchain": debian.versions()} if recipe.rust else {}
    return {
        "name": recipe.name,
        "version": recipe.version,
        "sha256": sha256(wheel),
        "size": wheel.stat().st_size,
        "imports": recipe.imports,
        "depends": recipe.depends,
        "provenance": recipe.provenance,
        "licence": recipe.licence,
        **toolchain,
    }


def read(path: Path) -> Lock:
    wheels: Lock = json.loads(path.read_text())["wheels"]
    return wheels


def write(path: Path, wheels: Lock) -> None:
    """Write the lock; the same wheels give the same bytes."""
    path.write_text(json.dumps({"wheels": dict(sorted(wheels.items()))}, indent=2) + "\n")
