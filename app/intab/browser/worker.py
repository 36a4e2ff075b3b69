"""The worker's end of the wire to the page: JSON texts, and the interrupt buffer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import js
import pyodide_js
from pyodide.ffi import create_proxy


def post(text: str) -> None:
    """Send a text to the page."""
    js.postMessage(text)


def listen(handle: Callable[[str], None]) -> None:
    """Call `handle` with every JSON text from the page; take the interrupt buffer when it comes.

    PyScript's own messages are neither strings nor shared buffers and pass by.
    """

    def on_message(js_event: Any) -> None:
        data = js_event.data
        if isinstance(data, str):
            handle(data)
        elif hasattr(js, "SharedArrayBuffer") and js.Object.prototype.toString.call(data) == (
            "[object SharedArrayBuffer]"
        ):
            pyodide_js.setInterruptBuffer(js.Int32Array.new(data))

    js.addEventListener("message", create_proxy(on_message))
