"""The page's worker: the engine's service wired to the browser."""

import signal
from typing import Any

from intab.browser import worker
from intab.engine.worker.program import interrupt_program
from intab.engine.worker.service import Service
from intab.platform import loader


def main(js_xworker: Any) -> None:
    """Answer the page from now on; PyScript tells the page that it can begin."""
    service = Service(loader(), js_xworker.postMessage, _hear_interrupts)
    worker.listen(js_xworker, service.handle)


def _hear_interrupts() -> None:
    """Before each program, since one may have set a handler of its own."""
    signal.signal(signal.SIGINT, interrupt_program)
