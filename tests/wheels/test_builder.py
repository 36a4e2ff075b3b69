"""The builder's own rules: same content, same bytes; failures say what to do next."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from wheels.builder import archive, assemble, debian, link, recipe, shell, sources
from wheels.builder.errors import BuildError, MissingToolError, StepFailedError

ROOT = Path(__file__).resolve().parents[2]
FILES = {"package/__init__.py": b"x = 1\n", "package/data.bin": bytes(1000)}


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.whl", tmp_path / "b.whl"
    archive.write(first, FILES, "package-1.dist-info", "py3-none-any", pure=True)
    backwards = dict(reversed(FILES.items()))
    archive.write(second, backwards, "package-1.dist-info", "py3-none-any", pure=True)
    assert first.read_bytes() == second.read_bytes()


def test_a_wheel_lists_its_files_with_their_hashes(tmp_path: Path) -> None:
    path = tmp_path / "package-1-py3-none-any.whl"
    archive.write(path, FILES, "package-1.dist-info", "py3-none-any", pure=True)
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        record = wheel.read("package-1.dist-info/RECORD").decode().splitlines()
    assert sorted(line.split(",")[0] for line in record) == sorted(names)
    assert all("sha256=" in line for line in record if "RECORD" not in line)


def test_rustcs_emcc_arguments_become_wasm_lds() -> None:
    arguments = [
        "-s",
        "X=1",
        "-sSIDE_MODULE=2",
        "a.o",
        "-L",
        "dir",
        "b.rlib",
        "-lc",
        "-o",
        "x.wasm",
    ]
    command = link.wasm_ld("PyInit_x", arguments)
    assert command[0] == "wasm-ld-22"
    wanted = ["--export=PyInit_x", "a.o", "-L", "dir", "b.rlib", "-o", "x.wasm"]
    assert command[-len(wanted) :] == wanted


def test_a_missing_compiler_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "PACKAGES", {"/nowhere/rustc": "rustc-web"})
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(MissingToolError, match=r"Install these Debian packages.*rustc-web"):
        debian.ensure_compilers()


def test_a_step_that_fails_says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match="no such luck"):
        shell.run(["sh", "-c", "echo no such luck; exit 3"], tmp_path)


def test_an_unknown_kind_is_an_error(tmp_path: Path) -> None:
    text = (ROOT / "wheels" / "recipes" / "jinja2" / "recipe.toml").read_text()
    (tmp_path / "recipe.toml").write_text(text.replace('"published"', '"guessed"'))
    with pytest.raises(BuildError, match="guessed"):
        assemble.build(recipe.load(tmp_path), tmp_path, tmp_path, tmp_path / "out")


def test_a_patch_that_does_not_fit_stops_the_build(tmp_path: Path) -> None:
    wanted = recipe.load(ROOT / "wheels" / "recipes" / "markupsafe")
    sdist = sources.fetch_sdist(wanted, ROOT / "build" / "wheels" / "downloads")
    (tmp_path / "patches").mkdir()
    text = (wanted.folder / "recipe.toml").read_text()
    (tmp_path / "recipe.toml").write_text(text)
    bad = "--- a/setup.py\n+++ b/setup.py\n@@ -1,1 +1,1 @@\n-not there\n+new\n"
    (tmp_path / "patches" / "0001-bad.patch").write_text(bad)
    with pytest.raises(StepFailedError, match=r"setup\.py"):
        sources.unpack(recipe.load(tmp_path), sdist, tmp_path / "source")


def test_markupsafe_comes_out_the_same(tmp_path: Path) -> None:
    wanted = recipe.load(ROOT / "wheels" / "recipes" / "markupsafe")
    built = assemble.build(wanted, ROOT / "wheels", ROOT / "build" / "wheels", tmp_path)
    assert built.read_bytes() == (ROOT / "wheels" / built.name).read_bytes()
