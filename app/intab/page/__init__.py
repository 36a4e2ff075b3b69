"""The page's worker: the engine's service wired to the browser."""

import os
import signal
from typing import Any

import pyscript

from intab.browser import packages, worker
from intab.engine.display.screen import show
from intab.engine.worker.program import interrupt_program
from intab.engine.worker.service import Service
from intab.platform import loader


def main(js_xworker: Any) -> None:
    """Answer the page from now on; PyScript tells the page that it can begin."""
    wire = worker.wire(js_xworker)
    service = Service(loader(), js_xworker.postMessage, _hear_interrupts, wire, packages.provide)
    worker.listen(js_xworker, service.handle)
    pyscript.display = _display
    os.environ.setdefault("MPLBACKEND", "module://intab.page.figures")


def _display(*values: Any, target: str | None = None, append: bool = True) -> None:
    """In place of PyScript's, which needs an element of the page: the output is the place."""
    del target, append
    show(*values)


def _hear_interrupts() -> None:
    """Before each program, since one may have set a handler of its own."""
    signal.signal(signal.SIGINT, interrupt_program)
