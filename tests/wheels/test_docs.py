"""The page in docs/wheels.md works as it is written: micropip installs by URL, ids appear."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.wheels import behaviour
from tests.wheels.conftest import wheel
from tests.wheels.interpreter import FOLDERS, ROOT
from tests.wheels.serving import serve
from wheels.builder.sources import check_hash

MICROPIP = "micropip-0.11.1-py3-none-any.whl"
MICROPIP_SHA256 = "768de165adb8e66906039d8fec4127a57f522dfdf8e6fbff877a4616941ecfd3"


def page() -> str:
    """The first block of HTML in the docs."""
    found = re.search(r"```html\n(.*?)```", (ROOT / "docs" / "wheels.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def micropip(folder: Path) -> Path:
    """The wheel of micropip that the docs name, from PyPI."""
    path = folder / MICROPIP
    if not path.exists():
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        # It is for the page's Python, which may be newer than this one.
        download += ["--python-version", "3.14", "--only-binary", ":all:", "-d", str(folder)]
        subprocess.run([*download, "micropip==" + MICROPIP.split("-")[1]], check=True)
    check_hash(path, MICROPIP_SHA256)
    return path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The files that the docs say to put side by side, and nothing else."""
    (tmp_path / "page.html").write_text(page())
    (tmp_path / "tokenizer.json").write_text(behaviour.trained("bpe").to_str())
    (tmp_path / wheel("tokenizers")).symlink_to(ROOT / "wheels" / wheel("tokenizers"))
    (tmp_path / "pyodide").symlink_to(FOLDERS["/pyodide/"])
    downloads = ROOT / "build" / "wheels" / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    (tmp_path / MICROPIP).symlink_to(micropip(downloads))
    with serve({"/": tmp_path}) as origin:
        yield origin


@pytest.mark.browser
def test_the_page_in_the_docs_shows_the_ids(chromium: Browser, site: str) -> None:
    tab = chromium.new_page()
    outside: list[str] = []
    tab.on("request", lambda request: outside.append(request.url))
    tab.goto(f"{site}/page.html")
    shown = tab.locator("#ids")
    tab.wait_for_function(
        "document.getElementById('ids').textContent !== 'loading'", timeout=240_000
    )
    tokenizer = behaviour.trained("bpe")
    ids = tokenizer.encode("Hello, browser!").ids
    assert shown.text_content() == f"{ids} {tokenizer.decode(ids)}"
    assert [url for url in outside if not url.startswith((site, "data:", "blob:"))] == []
    tab.close()
