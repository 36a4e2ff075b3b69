"""Packages that a site's owner adds: `make site PACKAGES="pandas"`.

Each comes with what it depends on, as wheels from wheels/ or PyPI. pip compares what it downloads
with PyPI's hash; a compiled wheel that Pyodide publishes must be that very file. Their sha256 go
into the site's lock, where Pyodide checks them. What the site has anyway stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.site.sources import SiteError, Sources, sha256_of
from tools.site.wheels import BROWSER_PLATFORM, BROWSER_PYTHON, Wheel, described

# What a requirement's marker sees in the page's interpreter.
ENVIRONMENT = {
    "extra": "",
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": f"{BROWSER_PYTHON}.0",
    "python_version": BROWSER_PYTHON,
    "sys_platform": "emscripten",
}


def collect(sources: Sources, have: list[Wheel]) -> list[Wheel]:
    """The wheels of the owner's packages and of what they need, but for those that are there."""
    if not sources.packages:
        return []
    lock = sources.node_modules / "pyodide/pyodide-lock.json"
    published = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    wanted = [requirement(name, published) for name in sources.packages]
    folder = _downloaded(sources, wanted, have, published)
    found = {wheel.name: wheel for wheel in map(described, sorted(folder.glob("*.whl")))}
    return _needed(wanted, found, {wheel.name for wheel in have}, published, sources.wheels)


def requirement(text: str, published: dict[str, Any]) -> Requirement:
    """A package by its name or, as an error names it, by what is imported: PIL is pillow."""
    named = Requirement(text)
    if canonicalize_name(named.name) not in published:
        named.name = next(
            (name for name, entry in published.items() if named.name in entry["imports"]),
            named.name,
        )
    return named


def _needed(
    wanted: list[Requirement],
    found: dict[str, Wheel],
    have: set[str],
    published: dict[str, Any],
    links: Path,
) -> list[Wheel]:
    """Those that are reached from what is wanted: pip goes by this machine's markers."""
    reached: dict[str, Wheel] = {}
    left: list[str] = [canonicalize_name(one.name) for one in wanted]
    while left:
        name = left.pop()
        if name in have or name in reached:
            continue
        if name not in found:
            raise SiteError(_absent([name], published, links))
        wheel = found[name]
        _check(wheel, published)
        reached[name] = replace(wheel, depends=needs(wheel.path))
        left += reached[name].depends
    return [reached[name] for name in sorted(reached)]


def needs(path: Path) -> tuple[str, ...]:
    """The names of what a wheel depends on in the page's interpreter."""
    with zipfile.ZipFile(path) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        facts = message_from_bytes(archive.read(name))
    parsed = map(Requirement, facts.get_all("Requires-Dist", []))
    wanted = [one for one in parsed if one.marker is None or one.marker.evaluate(ENVIRONMENT)]
    return tuple(sorted({canonicalize_name(one.name) for one in wanted}))


def _check(wheel: Wheel, published: dict[str, Any]) -> None:
    """Compiled ones alone: of the others Pyodide has builds of its own, under PyPI's names."""
    entry = published.get(wheel.name, {})
    is_its = wheel.path.name == entry.get("file_name") and BROWSER_PLATFORM in wheel.path.name
    if is_its and wheel.sha256 != entry["sha256"]:
        raise SiteError(
            f"{wheel.path.name} has sha256 {wheel.sha256}, not {entry['sha256']} as Pyodide has."
        )


def _downloaded(
    sources: Sources, wanted: list[Requirement], have: list[Wheel], published: dict[str, Any]
) -> Path:
    """The folder into which pip put them; the same packages are fetched once."""
    kept = [f"{path.name} {sha256_of(path)}" for path in sorted(sources.wheels.glob("*.whl"))]
    pins = [f"{wheel.name}=={wheel.version}" for wheel in have if wheel.name != "intab"]
    asked = "\n".join([*map(str, wanted), *pins, *kept])
    folder = sources.cache / "packages" / hashlib.sha256(asked.encode()).hexdigest()[:16]
    stamp = folder / "complete"
    if not stamp.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pins.txt").write_text("\n".join(pins), encoding="utf-8")
        if _pip(folder, sources.wheels, [str(one) for one in wanted]):
            raise SiteError(_absent([one.name for one in wanted], published, sources.wheels))
        stamp.touch()
    return folder


def _pip(folder: Path, links: Path, wanted: list[str]) -> int:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--python-version", BROWSER_PYTHON]
    command += ["--platform", BROWSER_PLATFORM, "--find-links", str(links)]
    command += ["--constraint", str(folder / "pins.txt"), "--dest", str(folder), *wanted]
    return subprocess.run(command, check=False).returncode


def _absent(names: list[str], published: dict[str, Any], links: Path) -> str:
    """What to do where there is no wheel: Pyodide's own are files of its release."""
    named = ", ".join(names)
    said = f"No wheel for Pyodide of {named}, or of what it needs, is in wheels/ or on PyPI."
    files: dict[str, str] = {}
    left: list[str] = [canonicalize_name(name) for name in names]
    while left:
        name = left.pop()
        if name in published and name not in files:
            files[name] = published[name]["file_name"]
            left += published[name]["depends"]
    lacking = sorted(file for file in files.values() if not (links / file).exists())
    if not lacking:
        return f"{said} Is its name right, and is PyPI reachable?"
    return f"{said} Pyodide's release has it: put into wheels/ {', '.join(lacking)}"
