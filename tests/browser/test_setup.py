"""In somebody else's page: a plain Pyodide takes the wheels and the JavaScript of a site of ours
that has another origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import serve_command
from tests.browser.copies import altered, copy_site
from tests.browser.firefox import printed_in_firefox
from tests.browser.test_docs import WORDS, snippets
from tests.support.plain_pyodide import RUN, run_python, serving_pyodide

EXAMPLE = "https://example.org/intab/"
INSTALL = """
import micropip
await micropip.install("intab", index_urls="{site}simple")
import intab
"""
SETUP = """
try:
    await intab.setup(base={base!r})
    print("done")
except intab.errors.IntabError as exc:
    print(type(exc).__name__, exc)
"""
NO_EVAL = "script-src 'self' 'wasm-unsafe-eval'"
NO_OTHERS = "script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'"


@pytest.fixture(scope="module")
def elsewhere(site: Path) -> Iterator[str]:
    """The site as `intab serve --cors` gives it."""
    with serve_command(site, "--cors") as address:
        yield address


@pytest.fixture(scope="module")
def page(
    browser: Browser, site: Path, elsewhere: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """Somebody's page, in whose worker intab is installed."""
    [micropip] = site.glob("runtime-*/pyodide/micropip-*.whl")
    with serving_pyodide(tmp_path_factory.mktemp("plain"), micropip) as address:
        page = browser.new_page()
        page.set_default_timeout(240_000)
        page.goto(address)
        assert run_python(page, INSTALL.format(site=elsewhere)) == ""
        yield page
        page.close()


def test_without_it_a_load_says_what_to_do(page: Page) -> None:
    said = run_python(page, "await intab.load('default')")
    assert "DeviceError: intab's JavaScript is missing: first await intab.setup(base=" in said


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("disk:x", "OptionError base='disk:x' is neither an http: nor an https: address"),
        ("http://[", "OptionError base='http://[' is not the address of a site here"),
        ("models/", "DownloadError There is no intab at {site}models/: no intab/worker.mjs, the"),
        ("http://127.0.0.1:9/", "DownloadError Nothing can be fetched from http://127.0.0.1:9/int"),
    ],
)
def test_where_there_is_none(page: Page, elsewhere: str, base: str, said: str) -> None:
    whole = elsewhere + base if base == "models/" else base
    told = run_python(page, SETUP.format(base=whole))
    assert told.startswith(said.replace("{site}", elsewhere))


def test_a_server_that_lets_no_other_origin_in(page: Page, served: str) -> None:
    said = run_python(page, SETUP.format(base=served))
    assert said.startswith(f"DownloadError Nothing can be fetched from {served}intab/worker.mjs")
    assert "(CORS)" in said


def test_another_version(page: Page, site: Path, tmp_path: Path) -> None:
    other = copy_site(site, tmp_path / "site")
    altered(other, other, "intab/worker.mjs", lambda text: text.replace('"0.1.0"', '"9.0"'))
    with serve_command(other, "--cors") as address:
        said = run_python(page, SETUP.format(base=address))
    assert said.startswith(f"DeviceError The site {address} has intab 9.0, and this is intab 0.1.0")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (NO_EVAL, "PolicyError This page's Content-Security-Policy has no 'unsafe-eval', without"),
        (NO_OTHERS, "PolicyError This page's Content-Security-Policy refuses http://127.0.0.1:"),
    ],
)
def test_a_policy_that_forbids_it(page: Page, elsewhere: str, policy: str, said: str) -> None:
    run_python(page, INSTALL.format(site=elsewhere), policy)
    assert run_python(page, SETUP.format(base=elsewhere), policy).startswith(said)


def test_it_streams_with_threads_and_once_is_enough(
    page: Page, elsewhere: str, served: str
) -> None:
    [program] = snippets("integration.md", "py")
    printed = run_python(page, program.replace(EXAMPLE, elsewhere))
    assert WORDS.search(printed), printed
    for base in (elsewhere, elsewhere.removesuffix("/"), None):
        assert run_python(page, SETUP.format(base=base)) == "done\n"
    said = run_python(page, SETUP.format(base=served))
    assert said.startswith(f"DeviceError intab uses the site {elsewhere} in this interpreter")
    threads = "import os, intab_js, js\nprint(intab_js.threads(), intab_js.cores())"
    used, cores = map(int, run_python(page, threads).split())
    assert used == min(cores, 4)


def test_it_streams_in_firefox(site: Path, elsewhere: str, tmp_path: Path) -> None:
    [micropip] = site.glob("runtime-*/pyodide/micropip-*.whl")
    [program] = snippets("integration.md", "py")
    programs = [INSTALL.format(site=elsewhere), program.replace(EXAMPLE, elsewhere)]
    with serving_pyodide(tmp_path, micropip) as address:
        installed, printed = printed_in_firefox(address, RUN, programs)
    assert installed == ""
    assert WORDS.search(printed), printed
