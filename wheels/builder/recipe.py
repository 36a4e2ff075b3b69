"""Recipes: one `recipe.toml` a wheel, read into dataclasses; an unknown key is an error.

>>> load(Path("wheels/recipes/jinja2")).file_name
'jinja2-3.1.6-py3-none-any.whl'
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from .errors import BuildError


@dataclass(frozen=True)
class Rust:
    """How the extension module is compiled and where its Python files lie."""

    manifest: str
    library: str
    init: str
    module: str
    python_source: str
    licences: list[str]
    opt_level: str
    wasm_opt: list[str]
    packages: list[str] = field(default_factory=list)  # of python_source; none: all of it


@dataclass(frozen=True)
class Pure:
    """Which Python files of the source distribution make the wheel."""

    python_source: str
    packages: list[str]
    leave_out: list[str]
    licences: list[str]


@dataclass(frozen=True)
class Recipe:
    """One wheel: `kind` is rust, pure (from source), published or kept (both by hash)."""

    folder: Path
    kind: str
    name: str
    version: str
    tag: str
    imports: list[str]
    depends: list[str]
    licence: str
    provenance: str
    sdist_sha256: str = ""
    wheel_sha256: str = ""
    rust: Rust | None = None
    pure: Pure | None = field(default=None)

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.tag}.whl"

    @property
    def patches(self) -> list[Path]:
        return sorted((self.folder / "patches").glob("*.patch"))


def load(folder: Path) -> Recipe:
    """Read one recipe folder."""
    data = tomllib.loads((folder / "recipe.toml").read_text())
    rust, pure = data.pop("rust", None), data.pop("pure", None)
    try:
        return Recipe(
            folder=folder,
            rust=Rust(**rust) if rust else None,
            pure=Pure(**pure) if pure else None,
            **data,
        )
    except TypeError as error:
        raise BuildError(f"{folder.name}/recipe.toml: {error}") from error


def load_all(recipes: Path) -> list[Recipe]:
    """Every recipe below `recipes`, by name."""
    return [load(path.parent) for path in sorted(recipes.glob("*/recipe.toml"))]
