"""Packages that lie in the site and are loaded when a program imports them."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pyodide_js
from pyodide.code import find_imports
from pyodide.ffi import JsException

from intab.browser.ffi import reason
from intab.errors import ProgramError


async def provide(source: str) -> None:
    """Load what a program imports and the site's lock has.

    Raises:
        ProgramError: a package could not be fetched.
    """
    missing = [name for name in find_imports(source) if not _is_there(name)]
    if not missing:
        return
    try:
        await pyodide_js.loadPackagesFromImports("\n".join(f"import {name}" for name in missing))
    except JsException as exc:
        raise ProgramError(
            f"{', '.join(missing)} could not be loaded ({reason(exc)}): is there a network? "
            "A package is fetched when it is first imported."
        ) from exc


def _is_there(name: str) -> bool:
    try:
        return name in sys.modules or find_spec(name) is not None
    except (ImportError, ValueError):
        return True  # the import itself says what is wrong
