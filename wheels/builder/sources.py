"""Getting a source distribution or a published wheel through pip, by hash, and patching it."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from pathlib import Path

from . import shell
from .errors import HashMismatchError
from .recipe import Recipe

STAND_IN = Path(__file__).with_name("standin")


def fetch_sdist(recipe: Recipe, downloads: Path) -> Path:
    """Download the source distribution that the recipe names."""
    found = downloads / f"{recipe.name}-{recipe.version}.tar.gz"
    if not found.exists():
        options = ["--no-build-isolation"] if recipe.rust else []
        options += ["--no-binary", recipe.name]
        _pip_download(recipe, recipe.sdist_sha256, options, downloads)
    check_hash(found, recipe.sdist_sha256)
    return found


def fetch_wheel(recipe: Recipe, downloads: Path) -> Path:
    """Download the published wheel that the recipe names."""
    found = downloads / recipe.file_name
    if not found.exists():
        _pip_download(recipe, recipe.wheel_sha256, [], downloads)
    check_hash(found, recipe.wheel_sha256)
    return found


def unpack(recipe: Recipe, archive: Path, folder: Path) -> Path:
    """Unpack into an empty folder, apply the recipe's patches, return the source's root."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    root = folder / f"{recipe.name}-{recipe.version}"
    for patch in recipe.patches:
        # git may be asked to patch what is in no repository; ours, around build/, is none of its.
        env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.resolve())}
        shell.run(["git", "apply", patch.resolve()], root, env)
    return root


def check_hash(path: Path, wanted: str) -> None:
    """Refuse a file that is not the one named."""
    got = shell.sha256(path)
    if got != wanted:
        raise HashMismatchError(f"{path.name} has sha256 {got}, the recipe names {wanted}")


def _pip_download(recipe: Recipe, sha256: str, options: list[str], downloads: Path) -> None:
    downloads.mkdir(parents=True, exist_ok=True)
    wanted = downloads / f"{recipe.name}.requirements.txt"
    wanted.write_text(f"{recipe.name}=={recipe.version} --hash=sha256:{sha256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    env = {**os.environ, "PYTHONPATH": str(STAND_IN)}
    shell.run([*pip, *options, "-d", downloads, "-r", wanted], downloads, env)
