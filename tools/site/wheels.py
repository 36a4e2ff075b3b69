"""The wheels that the browser's interpreter gets, each checked against a recorded sha256.

From three places: wheels/ (with wheels.lock.json), PyPI (what PyScript wants beside them, pinned
in pypi-wheels.txt), and this tree (intab itself). It knows no lock format of
Pyodide's; lock.py does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.site.sources import SiteError, Sources, sha256_of

PYPI_WHEELS = Path(__file__).with_name("pypi-wheels.txt")
BROWSER_PYTHON = "3.14"  # Pyodide 314.0.3
# Of our own wheel, and not worth a visitor's bytes; the site has models and JavaScript as files.
NOT_FOR_BROWSERS = [
    "app/intab/browser/js",
    "app/intab/cli",
    "app/intab/convert",
    "app/intab/native",
    "models",
]
BROWSER_PLATFORM = "pyemscripten_2026_0_wasm32"


@dataclass(frozen=True)
class Wheel:
    path: Path
    name: str
    version: str
    sha256: str
    imports: tuple[str, ...]
    depends: tuple[str, ...]


def collect(sources: Sources) -> list[Wheel]:
    """All wheels of the runtime; a SiteError names what is missing or does not match."""
    return [*recorded(sources.wheels), *downloaded(sources.cache / "wheels"), built(sources)]


def check_complete(wheels: list[Wheel]) -> None:
    have = {wheel.name for wheel in wheels}
    missing = sorted({need for wheel in wheels for need in wheel.depends} - have)
    if missing:
        raise SiteError(
            f"No wheel for Pyodide of {', '.join(missing)}: put it into wheels/ together with its "
            "entry in wheels.lock.json (`make wheels` builds those we have recipes for)."
        )


def recorded(folder: Path) -> list[Wheel]:
    """The wheels kept in the tree, exactly as wheels.lock.json records them."""
    lock = folder / "wheels.lock.json"
    if not lock.exists():
        raise SiteError(f"{lock} is missing: it records the wheels of the browser.")
    entries = json.loads(lock.read_text(encoding="utf-8"))["wheels"]
    return [_checked(folder / file, entry) for file, entry in entries.items()]


def _checked(path: Path, entry: dict[str, Any]) -> Wheel:
    if not path.exists():
        raise SiteError(f"{path} is missing, though wheels.lock.json names it; try: make wheels")
    if (found := sha256_of(path)) != entry["sha256"]:
        raise SiteError(f"{path} has sha256 {found}, not {entry['sha256']} as wheels.lock.json has")
    return Wheel(
        path=path,
        name=entry["name"],
        version=entry["version"],
        sha256=found,
        imports=tuple(entry["imports"]),
        depends=tuple(entry["depends"]),
    )


def downloaded(folder: Path, pins: Path = PYPI_WHEELS) -> list[Wheel]:
    """Pinned wheels from PyPI; pip refuses one whose hash is not the recorded one."""
    stamp = folder / sha256_of(pins)
    if not stamp.exists():
        _download(folder, pins)
        stamp.touch()
    return [described(path) for path in sorted(folder.glob("*.whl"))]


def _download(folder: Path, pins: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--python-version", BROWSER_PYTHON]
    command += ["--platform", BROWSER_PLATFORM]
    command += ["--require-hashes", "--requirement", str(pins), "--dest", str(folder)]
    if subprocess.run(command, check=False).returncode:
        raise SiteError(
            f"pip could not download the wheels pinned in {pins.name}; is PyPI reachable?"
        )


def built(sources: Sources) -> Wheel:
    """The intab wheel of this tree; the same tree gives the same bytes."""
    # Imported here: an unchanged site must not pay for the build backend.
    from hatchling.builders.wheel import WheelBuilder

    with tempfile.TemporaryDirectory() as scratch:
        builder = WheelBuilder(str(sources.root))
        builder.target_config["exclude"] = NOT_FOR_BROWSERS
        [made] = builder.build(directory=scratch, versions=["standard"])
        kept = sources.cache / Path(made).name
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(Path(made).read_bytes())
    return described(kept, "jinja2", "numpy", "tokenizers")


def described(path: Path, *depends: str) -> Wheel:
    """What a wheel's file and folders say of it."""
    name, version = path.name.split("-")[:2]
    return Wheel(
        path=path,
        name=name.lower().replace("_", "-"),
        version=version,
        sha256=sha256_of(path),
        imports=_top_level(path),
        depends=depends,
    )


def _top_level(path: Path) -> tuple[str, ...]:
    """What the wheel's own folders let one import."""
    with zipfile.ZipFile(path) as archive:
        tops = {name.split("/")[0] for name in archive.namelist() if name.endswith((".py", ".so"))}
    names = {top.split(".")[0] for top in tops if not top.endswith((".dist-info", ".data"))}
    return tuple(sorted(names))
