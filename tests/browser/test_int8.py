"""The int8 kernel in onnxruntime-web: the same to the bit as the shipped one, and left out where
anything is off."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.gpu import warm
from tests.browser.int8_graphs import ROWS, write_graphs
from tests.browser.visitor import STARTED, Pages
from tests.conftest import ROOT
from tests.wheels.serving import serve

Found = dict[str, dict[str, Any]]

RUN = """async (given) => (await import("/int8_page.mjs")).run(given)"""
LEFT_ALONE = {"convolution", "no_constant"}  # their products have no constant of two dimensions


@pytest.fixture(scope="module")
def plain_site(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_site(site, tmp_path_factory.mktemp("int8"))
    graphs = write_graphs(folder / "graphs")
    (folder / "graphs.json").write_text(json.dumps(graphs))
    page = ROOT / "tests/browser/int8_page.mjs"
    (folder / "int8_page.mjs").write_bytes(page.read_bytes())
    (folder / "plain.html").write_text("<!doctype html><title>plain</title>")
    return folder


@pytest.fixture(scope="module")
def address(plain_site: Path) -> Iterator[str]:
    with serve_command(plain_site) as found:
        yield found


@pytest.fixture(scope="module")
def pages(browser: Browser, address: str) -> Iterator[BrowserContext]:
    with warm(browser, f"{address}plain.html") as context:
        yield context


def results(pages: Pages, address: str, site: Path, place: str = "", **given: Any) -> Found:
    """What a fresh page computes, with the runtime in the site's folder `place`."""
    [runtime] = site.glob(f"{place}runtime-*")
    page = pages.new_page()
    try:
        page.goto(f"{address}plain.html")
        graphs = json.loads((site / "graphs.json").read_text())
        asked = {"runtime": f"{address}{place}{runtime.name}/", "graphs": graphs, **given}
        found: Found = page.evaluate(RUN, asked)
        return found
    finally:
        page.close()


@pytest.fixture(scope="module")
def shipped(pages: BrowserContext, address: str, plain_site: Path) -> Found:
    return results(pages, address, plain_site, threads=1, kernel=False)


def sums(found: Found) -> dict[str, list[str]]:
    return {name: graph["results"] for name, graph in found.items()}


@pytest.mark.parametrize("threads", [1, 3])
def test_results_are_the_shipped_kernels_to_the_bit(
    pages: BrowserContext,
    address: str,
    plain_site: Path,
    shipped: Found,
    threads: int,
) -> None:
    found = results(pages, address, plain_site, threads=threads, kernel=True)
    assert sums(found) == sums(shipped)
    assert {name for name, graph in found.items() if not graph["kept"]} == LEFT_ALONE
    assert {graph["left"] for graph in found.values()} == {0}
    assert {graph["reason"] for graph in found.values()} == {""}
    assert {graph["having"] for graph in found.values()} == {threads}
    assert {len(graph["results"]) for graph in found.values()} == {2 * len(ROWS)}


def test_weights_that_nobody_told_of_are_the_shipped_kernels(
    pages: BrowserContext, address: str, plain_site: Path, shipped: Found
) -> None:
    found = results(pages, address, plain_site, threads=1, kernel=True, tell=False)
    assert sums(found) == sums(shipped)
    assert {graph["kept"] for graph in found.values()} == {0}


# File -> what stands there, what stands there then, and the reason that is told.
FAULTS = {
    "kernels/int8.wasm": ("\0asm", "junk", "this browser has no relaxed SIMD"),
    "kernels/places.mjs": ("size: ", "size: 1", "this is another version of onnxruntime-web"),
    "kernels/self_test.mjs": (
        "this.exports.reads(",
        "1 + this.exports.reads(",
        "this processor reads bytes in an unknown way",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_shipped_kernel_stays_where_something_is_off(
    pages: BrowserContext,
    address: str,
    plain_site: Path,
    shipped: Found,
    name: str,
) -> None:
    old, new, reason = FAULTS[name]
    [runtime], place = plain_site.glob("runtime-*"), f"off-{Path(name).stem}/"
    path = copy_site(runtime, plain_site / place / runtime.name) / name
    text = path.read_bytes().decode("latin-1")
    for variant in path.parent.glob(f"{path.name}*"):
        variant.unlink()
    assert old in text
    path.write_bytes(text.replace(old, new).encode("latin-1"))
    found = results(pages, address, plain_site, place, threads=2, kernel=True)
    assert sums(found) == sums(shipped)
    assert {graph["reason"] for graph in found.values()} == {reason}


def test_the_page_of_the_docs(browser: Browser, plain_site: Path, tmp_path: Path) -> None:
    """Folders as docs/kernels.md names them, on a server without headers."""
    docs = (ROOT / "docs/kernels.md").read_text("utf-8")
    [page] = re.findall(r"```html\n(.*?)```", docs, re.DOTALL)
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    (tmp_path / "model.onnx").write_bytes((plain_site / "graphs/dynamic.onnx").read_bytes())
    [kernels] = plain_site.glob("runtime-*/kernels")
    (tmp_path / "kernels").symlink_to(kernels)
    (tmp_path / "ort").symlink_to(ROOT / "node_modules/onnxruntime-web/dist")
    with serve({"/": tmp_path}) as origin:
        tab = browser.new_page()
        tab.goto(f"{origin}/page.html")
        expect(tab.locator("#result")).to_have_text("relaxed SIMD: 1,48", timeout=STARTED)
        tab.close()
