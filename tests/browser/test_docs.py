"""The snippets of docs/*.md as written there: in CPython, in the page, in a worker of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.visitor import STARTED, Visitor
from tests.browser.watching import Watch
from tests.conftest import ROOT

WORDS = re.compile(r"\w+(\W+\w+){9}")


def snippets(document: str, language: str) -> list[str]:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def own_worker(site: Path, tmp_path: Path) -> Iterator[str]:
    """The page and the worker of docs/integration.md, saved beside a copy of the site."""
    folder = copy_site(site, tmp_path / "site")
    for script in snippets("integration.md", "js")[:2]:
        name = script.splitlines()[0].removeprefix("// ")
        (folder / name).write_text(script, encoding="utf-8")
    [page] = snippets("integration.md", "html")
    (folder / "mine.html").write_text(page, encoding="utf-8")
    with serve_command(folder) as address:
        yield f"{address}mine.html"


def test_a_worker_without_pyscript(own_worker: str, page: Page, watch: Watch) -> None:
    page.goto(own_worker)
    expect(page.locator("#story")).to_have_text(WORDS, timeout=STARTED)
    assert watch.foreign(own_worker) == []
    assert watch.violations == []


@pytest.mark.parametrize("document", ["integration.md", "chat.md", "programs.md"])
def test_the_python_in_cpython(document: str) -> None:
    [program] = snippets(document, "python")
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert WORDS.search(done.stdout)
    assert done.stderr == ""


def test_without_await_in_the_page(later: Page, served: str) -> None:
    [program] = snippets("integration.md", "python")
    assert WORDS.search(Visitor(later).open(served).run(program))


NOT_SUSPENDABLE = """
import asyncio, intab
from js import setTimeout
from pyodide.ffi import create_once_callable

heard = asyncio.Future()

def later():
    try:
        heard.set_result(intab.run_sync(asyncio.sleep(0)))
    except intab.errors.ProgramError as exc:
        heard.set_result(exc)

setTimeout(create_once_callable(later), 0)
print(await heard)
"""


def test_where_python_cannot_be_suspended(later: Page, served: str) -> None:
    """In a callback of JavaScript's, as in a browser without JSPI."""
    assert "use await instead" in Visitor(later).open(served).run(NOT_SUSPENDABLE)
