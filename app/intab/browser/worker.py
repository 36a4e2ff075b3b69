"""The worker's end of the wire to the page: JSON texts, and the interrupt buffer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import js
import pyodide_js
from pyodide.ffi import create_proxy


def listen(js_xworker: Any, handle: Callable[[str], None]) -> None:
    """Call `handle` with every text from the page.

    The one message that is not a text is the shared buffer through which the page interrupts.
    """

    def on_message(js_event: Any, *_: Any) -> None:
        if isinstance(js_event.data, str):
            handle(js_event.data)
        else:
            pyodide_js.setInterruptBuffer(js.Int32Array.new(js_event.data))

    js_xworker.onmessage = create_proxy(on_message)
