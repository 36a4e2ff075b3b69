"""Notebooks of others: JupyterLite's and marimo's sites are built, with no network but the package
registry's, and the program of docs/integration.md streams in a notebook of each: `make notebooks`.

Their Python is npm's Pyodide of the version they want; what npm lacks of it comes from PyPI.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.copies import copy_site
from tests.browser.test_docs import WORDS, snippets
from tests.browser.test_setup import EXAMPLE
from tests.conftest import ROOT
from tests.support.http_server import serve_plainly
from tests.support.plain_pyodide import write_page

STARTED = 300_000  # ms
CACHE = ROOT / "build" / "cache" / "notebooks"
JUPYTERLITE = (
    "jupyterlite-core==0.8.6",
    "jupyterlite-pyodide-kernel==0.8.6",
    "jupyter-server==2.21.1",  # for the files that a site has
)
# What the kernel installs in the page.
KERNEL = ("ipython==9.12.0", "jedi==0.19.2", "comm==0.2.3")
SETTINGS = {"@jupyterlite/pyodide-kernel-extension:kernel": {"disablePyPIFallback": True}}


@pytest.fixture(scope="module")
def jupyterlite(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLite site with ours in its folder intab/, on a host that knows nothing of either."""
    source = tmp_path_factory.mktemp("source")
    built = tmp_path_factory.mktemp("built") / "site"
    [micropip] = site.glob("runtime-*/pyodide/micropip-*.whl")
    write_page(source / "page", micropip)
    (source / "static").mkdir()
    (source / "page/pyodide").rename(source / "static/pyodide")
    download(source / "pypi", *KERNEL)
    settings = {"jupyter-config-data": {"litePluginSettings": SETTINGS}}
    (source / "jupyter-lite.json").write_text(
        json.dumps({"jupyter-lite-schema-version": 0, **settings}), encoding="utf-8"
    )
    built.mkdir()
    with serve_plainly(built) as address:
        [program] = snippets("integration.md", "py")
        write_notebook(source / "files/story.ipynb", program.replace(EXAMPLE, f"{address}intab/"))
        build(source, built)  # which empties that folder
        copy_site(site, built / "intab")
        yield address


def build(source: Path, target: Path) -> None:
    command = [str(installed("jupyterlite", *JUPYTERLITE) / "jupyter"), "lite", "build"]
    command += ["--lite-dir", str(source), "--contents", str(source / "files")]
    subprocess.run([*command, "--output-dir", str(target)], cwd=source, check=True)


def installed(name: str, *pins: str) -> Path:
    """The folder of commands of a virtual environment with these packages, made once."""
    folder = CACHE / f"{name}-{'-'.join(pin.partition('==')[2] for pin in pins)}"
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", *pins], check=True)
        (folder / "complete").touch()
    return folder / "bin"


def download(folder: Path, *pins: str) -> None:
    """Wheels for Pyodide and what they need."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--python-version", "3.14", "--platform", "any"]
    subprocess.run([*command, "--dest", str(folder), *pins], check=True)


def write_notebook(path: Path, program: str) -> None:
    cell = {"cell_type": "code", "id": "story", "metadata": {}, "outputs": [], "source": program}
    metadata = {"kernelspec": {"name": "python", "display_name": "Python (Pyodide)"}}
    notebook = {"cells": [{**cell, "execution_count": None}], "metadata": metadata, "nbformat": 4}
    path.parent.mkdir()
    path.write_text(json.dumps({**notebook, "nbformat_minor": 5}), encoding="utf-8")


def test_a_notebook_of_jupyterlite_streams(jupyterlite: str, page: Page) -> None:
    page.goto(f"{jupyterlite}notebooks/index.html?path=story.ipynb")
    cell = page.locator(".jp-CodeCell").first
    expect(cell).to_contain_text("intab.load", timeout=STARTED)
    page.get_by_text("Kernel", exact=True).click()
    page.get_by_text("Restart Kernel and Run All Cells…").click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(cell.locator(".jp-OutputArea-output")).to_have_text(WORDS, timeout=STARTED)
