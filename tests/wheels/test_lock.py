"""The wheels in the repository are the ones that the lock, the recipes and Pyodide name."""

from __future__ import annotations

import json
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.wheels.conftest import LOCK, wheel
from tests.wheels.interpreter import FOLDERS, ROOT
from wheels.builder import recipe
from wheels.builder.errors import BuildError, HashMismatchError
from wheels.builder.shell import sha256
from wheels.builder.sources import check_hash

WHEELS = ROOT / "wheels"
RECIPES = {one.file_name: one for one in recipe.load_all(WHEELS / "recipes")}


def test_every_wheel_is_locked_and_has_a_recipe() -> None:
    files = {path.name for path in WHEELS.glob("*.whl")}
    assert files == set(LOCK) == set(RECIPES)


@pytest.mark.parametrize("file", LOCK)
def test_the_lock_entry_matches_the_file(file: str) -> None:
    path, entry = WHEELS / file, LOCK[file]
    assert entry["sha256"] == sha256(path)
    assert entry["size"] == path.stat().st_size
    assert (entry["name"], entry["version"]) == tuple(file.split("-")[:2])


@pytest.mark.parametrize("file", LOCK)
def test_the_lock_entry_matches_the_recipe(file: str) -> None:
    wanted, entry = RECIPES[file], LOCK[file]
    for key in ("name", "version", "imports", "depends", "licence", "provenance"):
        assert entry[key] == getattr(wanted, key)


def test_dependencies_are_here_too() -> None:
    names = {entry["name"] for entry in LOCK.values()}
    assert all(set(entry["depends"]) <= names for entry in LOCK.values())


@pytest.mark.parametrize("name", ["numpy", "pillow"])
def test_what_is_kept_is_what_pyodide_names(name: str) -> None:
    lock = json.loads((FOLDERS["/pyodide/"] / "pyodide-lock.json").read_text())
    found, file = lock["packages"][name], wheel(name)
    assert (found["file_name"], found["sha256"]) == (file, LOCK[file]["sha256"])


def test_tokenizers_is_small_typed_and_depends_on_nothing() -> None:
    path = WHEELS / wheel("tokenizers")
    assert path.stat().st_size <= 2_500_000
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        metadata = message_from_bytes(archive.read("tokenizers-0.23.3.dist-info/METADATA"))
    assert {"tokenizers/py.typed", "tokenizers/__init__.pyi"} <= set(names)
    required = [need for need in metadata.get_all("Requires-Dist", []) if "extra" not in need]
    assert required == []


@pytest.mark.parametrize("name", ["llguidance", "tokenizers"])
def test_every_patch_opens_with_its_reason(name: str) -> None:
    patches = RECIPES[wheel(name)].patches
    assert patches
    for patch in patches:
        reason = patch.read_text().split("diff --git")[0]
        assert len(reason.split()) > 8, patch.name


def test_an_unknown_key_in_a_recipe_is_an_error(tmp_path: Path) -> None:
    text = (WHEELS / "recipes" / "jinja2" / "recipe.toml").read_text()
    (tmp_path / "recipe.toml").write_text(text + 'colour = "red"\n')
    with pytest.raises(BuildError, match="colour"):
        recipe.load(tmp_path)


def test_a_file_that_is_not_the_one_named_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"other")
    with pytest.raises(HashMismatchError, match=r"x\.whl"):
        check_hash(tmp_path / "x.whl", "0" * 64)
