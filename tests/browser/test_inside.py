"""The engine's tests, the same files, inside Pyodide in a real browser.

A page beside the site starts our runtime as any page would; its worker fetches pytest and the
tests, runs them and shows one JSON. CPython says which tests there must be.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.watching import Watch
from tests.conftest import ROOT
from tools.site.sources import Sources
from tools.site.wheels import Wheel, downloaded

INSIDE = Path(__file__).with_name("inside")
PINS = INSIDE / "wheels.txt"
TESTS = "tests/engine"
ALL_RUN = 1_200_000  # ms; a tenth of that on an idle machine


@dataclass(frozen=True)
class Report:
    """What program.py shows."""

    outcomes: dict[str, str]
    failures: dict[str, str]
    exit: int


@pytest.fixture(scope="module")
def wheels(site: Path) -> list[Wheel]:
    return downloaded(Sources(ROOT).cache / "inside-wheels", PINS)


@pytest.fixture(scope="module")
def address(
    site: Path, wheels: list[Wheel], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = copy_site(site, tmp_path_factory.mktemp("inside"))
    for path in (INSIDE / "inside.html", INSIDE / "program.py", *(w.path for w in wheels)):
        shutil.copy2(path, folder)
    pack_tests(folder / "checkout.zip")
    names = [wheel.path.name for wheel in wheels]
    stage = {"wheels": names, "checkout": "checkout.zip", "tests": TESTS}
    (folder / "stage.json").write_text(json.dumps(stage))
    with serve_command(folder) as served:
        yield f"{served}inside.html"


def pack_tests(target: Path) -> None:
    """What the tests need of the checkout: conftests, recorded answers, pytest's settings."""
    files = ["pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/budget.json"]
    for pattern in (f"{TESTS}/**/*.py", "tests/golden/*.json"):
        files += [str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(ROOT / file, file)


def collected_by_cpython() -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", TESTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {line for line in done.stdout.splitlines() if line.startswith(f"{TESTS}/")}


def test_every_engine_test_passes_inside_pyodide(page: Page, watch: Watch, address: str) -> None:
    page.goto(address)
    expect(page.locator("#report")).not_to_be_empty(timeout=ALL_RUN)
    report = Report(**json.loads(page.locator("#report").text_content() or ""))
    if report.failures:
        pytest.fail(readable(report.failures), pytrace=False)
    assert set(report.outcomes) == collected_by_cpython()
    assert set(report.outcomes.values()) == {"passed"}
    assert report.exit == 0
    watch.assert_clean(address)


def readable(failures: dict[str, str]) -> str:
    return "\n\n".join(f"=== inside Pyodide: {name} ===\n{text}" for name, text in failures.items())


@pytest.mark.parametrize("name", ["pytest", "hypothesis"])
def test_the_wheels_are_the_versions_of_cpython(wheels: list[Wheel], name: str) -> None:
    """Pinned twice, here and in pyproject.toml."""
    assert [wheel.version for wheel in wheels if wheel.name == name] == [version(name)]
