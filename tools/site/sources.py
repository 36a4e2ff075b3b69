"""Where the site's ingredients lie, and whether they changed since the last assembly.

It knows no content: the fingerprint is made of names, sizes and times, so that an unchanged
tree is recognised in milliseconds. The assembly itself goes by content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class SiteError(Exception):
    """The site cannot be assembled; the message says what is missing and what to do."""


@dataclass(frozen=True)
class Sources:
    """`packages` are those that the site's owner adds, as pip's requirements."""

    root: Path
    packages: tuple[str, ...] = ()

    @property
    def app(self) -> Path:
        return self.root / "app"

    @property
    def browser(self) -> Path:
        """The worker's JavaScript."""
        return self.app / "intab/browser/js"

    @property
    def examples(self) -> Path:
        return self.root / "examples"

    @property
    def node_modules(self) -> Path:
        return self.root / "node_modules"

    @property
    def wheels(self) -> Path:
        return self.root / "wheels"

    @property
    def kernels(self) -> Path:
        return self.root / "kernels"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def cache(self) -> Path:
        return self.root / "build" / "cache"

    def texts(self) -> Iterator[Path]:
        """The documentation that the site carries."""
        yield from (self.root / "README.md", self.root / "CHANGELOG.md")
        yield from sorted((self.root / "docs").glob("*.md"))

    def inputs(self) -> Iterator[Path]:
        """Every file whose change must lead to a new assembly."""
        for folder in (self.app, self.examples, self.root / "tools", self.kernels, self.models):
            yield from files_under(folder)
        yield from sorted(self.wheels.glob("*.whl"))
        yield self.wheels / "wheels.lock.json"
        for name in ("LICENSE", "pyscript.toml", "pyproject.toml", "package-lock.json"):
            yield self.root / name
        yield from self.texts()
        yield self.node_modules / ".stamp"

    def fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self.packages}\n".encode())
        for path in self.inputs():
            if path.exists():
                stat = path.stat()
                line = f"{path.relative_to(self.root)} {stat.st_size} {stat.st_mtime_ns}\n"
                digest.update(line.encode())
        return digest.hexdigest()


def files_under(folder: Path) -> list[Path]:
    """The files below a folder in a stable order, without Python's caches."""
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_folders(models: Path) -> list[Path]:
    """Those of a model, or of a pipeline as diffusers lays it out."""
    marks = ("config.json", "model_index.json")
    return sorted({path.parent for mark in marks for path in models.glob(f"*/{mark}")})
