"""The page's worker: the engine's service wired to the browser."""

from intab.browser import worker
from intab.engine.service import Service
from intab.platform import loader


def main() -> None:
    """Answer the page from now on."""
    service = Service(worker.post, loader())
    worker.listen(service.handle)
    service.start()
