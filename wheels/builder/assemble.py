"""From a recipe to the wheel file, by the recipe's kind."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import archive, rust, sources
from .errors import BuildError
from .recipe import Pure, Recipe, Rust


def build(recipe: Recipe, kept: Path, work: Path, out: Path) -> Path:
    """Make the recipe's wheel in `out`; `kept` holds the wheels that nothing can rebuild."""
    out.mkdir(parents=True, exist_ok=True)
    wheel = out / recipe.file_name
    if recipe.rust:
        _rust_wheel(recipe, recipe.rust, work, wheel)
    elif recipe.pure:
        _pure_wheel(recipe, recipe.pure, work, wheel)
    elif recipe.kind == "published":
        _copy(sources.fetch_wheel(recipe, work / "downloads"), wheel)
    elif recipe.kind == "kept":
        sources.check_hash(kept / recipe.file_name, recipe.wheel_sha256)
        _copy(kept / recipe.file_name, wheel)
    else:
        raise BuildError(f"{recipe.folder.name}/recipe.toml: kind {recipe.kind!r} is unknown")
    return wheel


def _copy(source: Path, target: Path) -> None:
    if source.resolve() != target.resolve():
        shutil.copyfile(source, target)


def _rust_wheel(recipe: Recipe, how: Rust, work: Path, wheel: Path) -> None:
    place = rust.empty_place(recipe)
    source = _patched_source(recipe, work, place / "source")
    module = rust.compile_module(recipe, how, source, place, work / "binaryen")
    files = _python_files(source / how.python_source, how.packages, [])
    files[how.module] = module.read_bytes()
    notices = f"{_dist_info(recipe)}/licenses/THIRD-PARTY.txt"
    files[notices] = rust.third_party(recipe, how, source, place)
    _write(recipe, source, how.licences, files, wheel)


def _pure_wheel(recipe: Recipe, how: Pure, work: Path, wheel: Path) -> None:
    source = _patched_source(recipe, work, work / recipe.name)
    files = _python_files(source / how.python_source, how.packages, how.leave_out)
    _write(recipe, source, how.licences, files, wheel)


def _patched_source(recipe: Recipe, work: Path, folder: Path) -> Path:
    return sources.unpack(recipe, sources.fetch_sdist(recipe, work / "downloads"), folder)


def _python_files(root: Path, packages: list[str], leave_out: list[str]) -> dict[str, bytes]:
    """Those of some packages, or all."""
    if not packages:
        return _tree(root, "", leave_out)
    trees = (_tree(root / name, f"{name}/", leave_out) for name in packages)
    return {path: content for tree in trees for path, content in tree.items()}


def _tree(root: Path, prefix: str, leave_out: list[str]) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and path.name not in leave_out)
    return {prefix + path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def _dist_info(recipe: Recipe) -> str:
    return f"{recipe.name}-{recipe.version}.dist-info"


def _write(
    recipe: Recipe, source: Path, licences: list[str], files: dict[str, bytes], wheel: Path
) -> None:
    dist_info = _dist_info(recipe)
    files[f"{dist_info}/METADATA"] = (source / "PKG-INFO").read_bytes()
    for licence in licences:
        files[f"{dist_info}/licenses/{Path(licence).name}"] = (source / licence).read_bytes()
    archive.write(wheel, files, dist_info, recipe.tag, pure=recipe.rust is None)
