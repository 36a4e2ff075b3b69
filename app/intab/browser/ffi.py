"""The way to JavaScript: our worker module, and conversions that are used everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from pyodide.ffi import JsException, to_js

from intab.engine.runtime.refusals import plain_reason
from intab.errors import DeviceError


@cache
def js_worker() -> Any:
    """The functions of worker.mjs, registered as `intab_js` by the page's configuration or by
    `intab.setup`."""
    try:
        import intab_js
    except ImportError:
        try:
            from polyscript.js_modules import intab_js
        except ImportError as exc:
            raise DeviceError(
                "intab's JavaScript is missing: first await intab.setup(base=...) with the address "
                "of a site that `make site` made, or name intab/worker.mjs as intab_js under "
                "[js_modules.worker] in the PyScript configuration."
            ) from exc
    return intab_js


def js_array(values: Iterable[Any]) -> Any:
    """A JavaScript array."""
    return to_js(list(values))


def reason(exc: JsException) -> str:
    """One line that says what a JavaScript error is about."""
    return plain_reason(str(getattr(exc, "message", "") or exc))
