"""The wheel alone: installed where nothing else of this tree is, it tells a story."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.conftest import ROOT

MODEL = "intab/models/default/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    [made] = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(made)


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; what it depends on is looked up in this one."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)  # noqa: S202 - just built here
    # Not as a .pth of a folder with .pth files of its own: this tree's is among them.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


def run(python: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": "", "INTAB_CACHE": str(cwd / "cache")}
    return subprocess.run(
        [str(python), *words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def test_the_default_model_is_in_the_wheel_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for path in (ROOT / "models/default").rglob("*"):
            if path.is_file() and path.stem != "training":
                name = MODEL + path.relative_to(ROOT / "models/default").as_posix()
                assert archive.read(name) == path.read_bytes()
    assert len(names) == len(set(names))
    assert not any("training" in name for name in names)


def test_the_wheel_says_that_it_has_types(wheel: Path) -> None:
    """Without py.typed a type checker takes all of intab for `Any`."""
    with zipfile.ZipFile(wheel) as archive:
        assert "intab/py.typed" in archive.namelist()
        [metadata] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        said = archive.read(metadata).decode().splitlines()
    assert "Classifier: Typing :: Typed" in said
    for minor in range(11, 15):
        assert f"Classifier: Programming Language :: Python :: 3.{minor}" in said


def test_outside_the_clone_it_tells_a_story(python: Path, tmp_path: Path) -> None:
    where = run(python, tmp_path, "-c", "import intab; print(intab.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(python.parents[1])
    words = ["-m", "intab", "Once upon a time", "--max-new-tokens", "20", "--seed", "1"]
    done = run(python, tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) > 5


def test_a_folder_of_other_models_does_not_hide_the_default_one(
    python: Path, tmp_path: Path
) -> None:
    """Many projects have a `models` that is none of intab's."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/weights.bin").touch()
    done = run(python, tmp_path, "-m", "intab", "Once", "--max-new-tokens", "3")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_name_that_is_nowhere_is_said(python: Path, tmp_path: Path) -> None:
    done = run(python, tmp_path, "-m", "intab", "Once", "--model", "nothing")
    assert done.returncode == 1
    assert "ModelNotFoundError" in done.stderr


def test_a_source_distribution_has_what_the_wheel_is_made_of(tmp_path: Path) -> None:
    [made] = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(made) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}
        archive.extractall(tmp_path, filter="data")
    assert tops <= {
        "app",
        "models",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "PKG-INFO",
        ".gitignore",
    }
    [root] = [path for path in tmp_path.iterdir() if path.is_dir()]
    [again] = WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(again) as archive:
        assert MODEL + "onnx/model_quantized.onnx" in archive.namelist()
