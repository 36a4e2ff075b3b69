"""The worker's end of the wire to the page: JSON texts, after one message that connects them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyodide_js
from pyodide.ffi import create_proxy, to_js

from intab.browser.ffi import js_worker
from intab.browser.taking import PageSource
from intab.engine.worker.page_screen import Wire, no_answer


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


def wire(js_xworker: Any) -> Wire:
    """The ways to the page."""
    return Wire(js_xworker.postMessage, _post_data, _wait_for_answer, PageSource)


def _post_data(text: str, data: bytes) -> None:
    """One copy, out of Python's memory; the page gets that very buffer."""
    js_worker().postData(text, to_js(data))


def _wait_for_answer() -> str | None:
    if not js_worker().canWait():
        no_answer()
    answer: str | None = js_worker().waitForAnswer()
    return answer
