"""The worker's end of the wire to the page: JSON texts, after one message that connects them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyodide_js
from pyodide.ffi import create_proxy

from intab.browser.ffi import js_worker


def listen(js_xworker: Any, handle: Callable[[str], None]) -> None:
    """Call `handle` with every text from the page.

    The one message that is not a text is the first, with which the page connects: wire.mjs.
    """

    def on_message(js_event: Any, *_: Any) -> None:
        if isinstance(js_event.data, str):
            handle(js_event.data)
        else:
            js_worker().connect(js_event.data, pyodide_js)

    js_xworker.onmessage = create_proxy(on_message)
