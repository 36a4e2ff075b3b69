"""Pinned packages that have a newer version: `python -m tools.outdated`, or `make outdated`.

It reads the pins of pyproject.toml, of package.json and of the recipes in wheels/, and asks pip
and npm, each at the registry that it is set up for. HELD says why a pin stays behind.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HELD = {
    "numpy": "the Pyodide project's own wheel, which no registry has",
    "pyodide": "314.0.7 takes a time.sleep that Stop interrupts for a program's end",
    "puppeteer-core": "newer ones need Node 22",
}


@dataclass(frozen=True)
class Pin:
    """A package at one version; `place` is where that is written."""

    name: str
    version: str
    place: str


def pins(root: Path = ROOT) -> list[Pin]:
    """All of them, in the order of the files."""
    return [*_python(root), *_npm(root), *_recipes(root)]


def _python(root: Path) -> Iterator[Pin]:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    for extra in project["optional-dependencies"].values():
        for requirement in extra:
            if exact := re.fullmatch(r"([\w.-]+)==([\w.]+)", requirement):
                yield Pin(exact[1], exact[2], "pyproject.toml")


def _npm(root: Path) -> Iterator[Pin]:
    package = json.loads((root / "package.json").read_text("utf-8"))
    for kind in ("dependencies", "devDependencies"):
        for name, version in package[kind].items():
            yield Pin(name, version, "package.json")


def _recipes(root: Path) -> Iterator[Pin]:
    for path in sorted((root / "wheels/recipes").glob("*/recipe.toml")):
        recipe = tomllib.loads(path.read_text("utf-8"))
        yield Pin(recipe["name"], recipe["version"], "wheels")


def newest(pin: Pin) -> str:
    """The newest released version; "" if the registry does not answer."""
    if pin.place == "package.json":
        command = ["npm", "view", pin.name, "version"]
    else:
        command = [sys.executable, "-m", "pip", "index", "versions", pin.name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return first_version(done.stdout)


def first_version(answer: str) -> str:
    """npm prints the version alone, pip `name (version)` and then others."""
    found = re.search(r"\d+(\.\w+)+", answer.partition("(")[2] or answer)
    return found[0] if found else ""


def line(pin: Pin, latest: str) -> str:
    """What is printed of a pin: nothing if it is the newest."""
    if latest == pin.version:
        return ""
    held = HELD.get(pin.name, "")
    told = f"{pin.name:28}{pin.version:12}{latest or 'unknown':12}{pin.place:16}{held}"
    return told.rstrip()


def main() -> None:
    """Print a line for each pin that is behind."""
    lines = [found for pin in pins() if (found := line(pin, newest(pin)))]
    print("\n".join(lines) if lines else "All pins are the newest versions.")


if __name__ == "__main__":
    main()
