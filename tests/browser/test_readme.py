"""Every snippet and command of README.md, as written there."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.visitor import STARTED
from tests.browser.watching import Watch
from tests.support.http_server import serve_plainly

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The README's page, saved beside a copy of the site."""
    folder = copy_site(site, tmp_path_factory.mktemp("own") / "site")
    [page] = snippets("html")
    (folder / "mine.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture(params=[serve_command, serve_plainly], ids=["intab", "http.server"])
def own_page(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    with request.param(folder) as address:
        yield f"{address}mine.html"


def test_the_page_of_one_s_own(own_page: str, page: Page, watch: Watch) -> None:
    page.goto(own_page)
    expect(page.locator("#story")).to_have_text(re.compile(r"\w+(\W+\w+){9}"), timeout=STARTED)
    assert watch.foreign(own_page) == []
    assert watch.violations == []


def test_the_python_snippet_streams() -> None:
    [snippet] = snippets("python")
    command = [sys.executable, "-c", snippet]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) > 10


def test_installing_it_and_the_command_line(tmp_path: Path) -> None:
    """In a virtual environment of its own, with the commands' own words."""
    install, run = snippets("sh")[1].splitlines()
    assert (install, run) == ("pip install '.[native]'", 'python -m intab "Once upon a time"')
    venv.create(tmp_path, with_pip=True)
    python = str(tmp_path / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ".[native]"]
    subprocess.run(pip, cwd=ROOT, check=True)
    command = [python, "-m", "intab", "Once upon a time"]
    # Not in the checkout: the default model came with the package.
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) > 10


def test_the_two_commands_are_the_makefile_s() -> None:
    targets = re.findall(r"^make (\w+)", snippets("sh")[0], re.MULTILINE)
    assert targets == ["serve", "test"]
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=True)


def test_the_tree_names_what_is_there() -> None:
    tree = README.partition("## The tree\n\n```\n")[2].rpartition("```")[0]
    folders: list[str] = []
    named = set()
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        names = re.split(r"\s{3,}", line.strip())[0].split()
        folders[depth:] = [names[0].rstrip("/")]
        for name in names:
            path = ROOT.joinpath(*folders[:depth], name)
            assert path.exists(), path
            named.add(path)
    for module in (ROOT / "app/intab").glob("*.py"):
        assert module in named, f"the README's tree lacks {module.name}"
    for module in (ROOT / "app/intab/engine").iterdir():
        if not module.name.startswith("_"):
            assert module in named, f"the README's tree lacks engine/{module.name}"
