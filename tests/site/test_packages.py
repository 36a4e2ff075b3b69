"""Packages that a site's owner adds: their wheels, and what is said where there is none."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tools.site import lock, packages
from tools.site.sources import SiteError, Sources, sha256_of
from tools.site.wheels import Wheel, described

COMPILED = "cp314-cp314-pyemscripten_2026_0_wasm32"
PUBLISHED: dict[str, Any] = {
    "drawing": {
        "imports": ["PEN"],
        "file_name": f"drawing-1.0-{COMPILED}.whl",
        "depends": ["numbers-py"],
        "sha256": "0" * 64,
    },
    "numbers-py": {"imports": ["numbers_py"], "file_name": "numbers_py-2.whl", "depends": []},
}
ABI = {"abi_version": "2026_0", "arch": "wasm32", "platform": "emscripten", "python": "3.14.0"}


def make_wheel(
    folder: Path, name: str, *needs: str, files: tuple[str, ...] = (), tag: str = "py3-none-any"
) -> Path:
    path = folder / f"{name}-1.0-{tag}.whl"
    facts = "".join(f"Requires-Dist: {need}\n" for need in needs)
    with zipfile.ZipFile(path, "w") as archive:
        for file in files or (f"{name}/__init__.py",):
            archive.writestr(file, "")
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n{facts}")
    return path


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """A tree whose pip finds what lies in wheels/, and nothing else."""
    (tmp_path / "wheels").mkdir()
    upstream = tmp_path / "node_modules/pyodide"
    upstream.mkdir(parents=True)
    facts = {"info": ABI, "packages": PUBLISHED}
    (upstream / "pyodide-lock.json").write_text(json.dumps(facts))

    def pip(folder: Path, links: Path, wanted: list[str]) -> int:
        names = [name.partition("=")[0] for name in wanted]
        for path in links.glob("*.whl"):
            shutil.copy2(path, folder)
        return int(not all(list(links.glob(f"{name}-*.whl")) for name in names))

    monkeypatch.setattr(packages, "_pip", pip)
    return Sources(tmp_path, ("story_kit",))


def test_a_package_comes_with_what_it_needs_here(sources: Sources) -> None:
    """Not with what the site has, nor with what another system needs."""
    marked = ('winsock ; sys_platform == "win32"', 'six ; extra == "old"', "numpy>=2", "six-x")
    make_wheel(sources.wheels, "story_kit", *marked)
    make_wheel(sources.wheels, "six_x", files=("six.py", "_fast.abi3.so"))
    make_wheel(sources.wheels, "numpy")
    numpy = Wheel(Path("numpy-2.whl"), "numpy", "2", "", ("numpy",), ())
    found = packages.collect(sources, [numpy])
    assert [wheel.name for wheel in found] == ["six-x", "story-kit"]
    assert found[0].imports == ("_fast", "six")
    assert found[1].depends == ("numpy", "six-x")


def test_they_stand_in_the_lock_in_a_folder_of_their_own(sources: Sources, tmp_path: Path) -> None:
    made = described(make_wheel(sources.wheels, "story_kit"))
    lock.write(sources.node_modules / "pyodide/pyodide-lock.json", [], tmp_path / "lock", [made])
    entry = json.loads((tmp_path / "lock").read_text())["packages"]["story-kit"]
    assert entry["file_name"] == "packages/story_kit-1.0-py3-none-any.whl"
    assert entry["sha256"] == sha256_of(made.path)


def test_without_packages_nothing_is_asked_for(sources: Sources) -> None:
    assert packages.collect(Sources(sources.root), []) == []
    assert Sources(sources.root).fingerprint() != sources.fingerprint()


def test_the_name_of_an_import_will_do() -> None:
    assert packages.requirement("PEN", PUBLISHED).name == "drawing"
    assert str(packages.requirement("drawing==1.0", PUBLISHED)) == "drawing==1.0"
    assert packages.requirement("unknown", PUBLISHED).name == "unknown"


def test_what_is_nowhere_has_a_word(sources: Sources) -> None:
    with pytest.raises(SiteError, match=r"wheel for Pyodide of story_kit.* Is its name right"):
        packages.collect(sources, [])
    drawing = Sources(sources.root, ("PEN",))
    files = f"put into wheels/ drawing-1.0-{COMPILED}.whl, numbers_py-2.whl"
    with pytest.raises(SiteError, match=f"Pyodide's release has it: {files}"):
        packages.collect(drawing, [])


def test_what_it_needs_and_is_nowhere_has_a_word(sources: Sources) -> None:
    make_wheel(sources.wheels, "story_kit", "gone")
    with pytest.raises(SiteError, match="wheel for Pyodide of gone"):
        packages.collect(sources, [])


def test_pyodide_s_own_must_be_that_file(sources: Sources) -> None:
    make_wheel(sources.wheels, "drawing", tag=COMPILED)
    with pytest.raises(SiteError, match=r"drawing-1.0.* has sha256 .*, not 0000"):
        packages.collect(Sources(sources.root, ("drawing",)), [])
