"""Brings the JavaScript part where no page's configuration did: `intab.setup`.

A plain Pyodide, a notebook of JupyterLite's or marimo's: Python is there, and intab's wheel. The
rest lies in a site that `make site` made, whose intab/worker.mjs is imported from there and becomes
the JavaScript module `intab_js`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

import js
import pyodide_js
from pyodide.code import run_js
from pyodide.ffi import JsException, create_proxy

from intab.browser.ffi import js_worker, reason
from intab.errors import DeviceError, DownloadError, LoadError, OptionError, PolicyError

MODULE = "intab/worker.mjs"
# Nothing of ours is there yet that could import a module; to Python `import` is no function.
IMPORTER = "(address) => import(address)"


async def bring(base: str | None) -> None:
    """Register the JavaScript part of the site at `base`, unless it is there."""
    there = _registered()
    if there is not None and base is None:
        return
    root = _root(_site_of_the_wheel() if base is None else base)
    if there is not None:
        _check_same(str(there.root), root)
        return
    js_module = await _import(root + MODULE)
    _check_version(root, str(getattr(js_module, "version", "of another time")))
    pyodide_js.registerJsModule("intab_js", js_module)


def _registered() -> Any:
    try:
        return js_worker()
    except DeviceError:
        return None


def _root(base: str) -> str:
    """The whole address of a site, ending with a slash."""
    try:
        js_url = js.URL.new(base, js.location.href)
    except JsException as exc:
        raise OptionError(
            f"base={base!r} is not the address of a site here: name the whole address, such as "
            "https://example.org/intab/."
        ) from exc
    if js_url.protocol not in ("http:", "https:"):
        raise OptionError(f"base={base!r} is neither an http: nor an https: address.")
    return str(js_url.origin + js_url.pathname).removesuffix("/") + "/"


def _site_of_the_wheel() -> str:
    """The site that micropip has the wheel from, whose runtime-HASH/ it lies in."""
    site, found, _ = (_wheel().read_text("PYODIDE_URL") or "").rpartition("/runtime-")
    if not found:
        raise OptionError(
            "Where intab's JavaScript lies is not known here: name the site that `make site` made, "
            'await intab.setup(base="https://example.org/intab/").'
        )
    return site


def _check_same(used: str, root: str) -> None:
    if used != root:
        raise DeviceError(
            f"intab uses the site {used} in this interpreter, and not {root}: leave base out, or "
            "start another worker for the other site."
        )


def _check_version(root: str, found: str) -> None:
    if found != (own := _wheel().version):
        raise DeviceError(
            f"The site {root} has intab {found}, and this is intab {own}: before it is imported, "
            f'await micropip.install("intab", index_urls="{root}simple"), or have the site made of '
            "this version."
        )


def _wheel() -> Distribution:
    """What Python knows of the wheel that intab was installed from."""
    try:
        return distribution("intab")
    except PackageNotFoundError as exc:
        raise DeviceError(
            "intab was not installed from its wheel here, so that nothing tells its version: "
            "install it with micropip."
        ) from exc


async def _import(address: str) -> Any:
    """The JavaScript module at an address."""
    with _violations() as refused:
        try:
            return await run_js(IMPORTER)(address)
        except JsException as exc:
            raise await _error(address, exc, refused) from exc


@contextmanager
def _violations() -> Iterator[list[str]]:
    """The directives of the page's policy that refuse something meanwhile."""
    refused: list[str] = []
    js_listener = create_proxy(lambda js_event: refused.append(js_event.effectiveDirective))
    js.addEventListener("securitypolicyviolation", js_listener)
    try:
        yield refused
    finally:
        js.removeEventListener("securitypolicyviolation", js_listener)
        js_listener.destroy()


async def _error(address: str, exc: JsException, refused: list[str]) -> LoadError:
    """What stands behind an import that failed, of which browsers say no more than that."""
    if exc.name == "EvalError":
        return PolicyError(
            "This page's Content-Security-Policy has no 'unsafe-eval', without which Python cannot "
            f"import JavaScript: let JavaScript import {address} and give it to "
            "pyodide.registerJsModule, as docs/integration.md shows."
        )
    problem = await _problem(address)
    if any(directive.startswith(("script-src", "connect-src")) for directive in refused):
        return PolicyError(
            f"This page's Content-Security-Policy refuses {address}: script-src and connect-src "
            "must name that origin."
        )
    return DownloadError(f"{problem or f'{address} cannot be imported ({reason(exc)})'}.")


async def _problem(address: str) -> str:
    """What is wrong with what lies at an address, "" if nothing is."""
    try:
        js_answer = await js.fetch(address)
    except JsException:
        return (
            f"Nothing can be fetched from {address}: either there is no server, or it lets no page "
            f"of another origin in, such as this one, {js.origin} (CORS): docs/integration.md"
        )
    kind = js_answer.headers.get("content-type") or "nothing"
    if not js_answer.ok or kind.startswith("text/html"):
        status = "" if js_answer.ok else f", the server answered {js_answer.status}"
        return f"There is no intab at {address.removesuffix(MODULE)}: no {MODULE}{status}"
    if "javascript" not in kind:
        return f"The server says that {address} is {kind}: for .mjs it must say text/javascript"
    return ""
