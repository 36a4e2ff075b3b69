"""A static server in a thread: some folders under one origin, nothing else.

with serve({"/wheels/": Path("wheels")}) as origin: ...
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Folders(SimpleHTTPRequestHandler):
    """Maps the first part of an address to a folder."""

    def __init__(self, folders: Mapping[str, Path], *request: object) -> None:
        self.folders = folders
        super().__init__(*request)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        for prefix, folder in self.folders.items():
            if path.startswith(prefix):
                self.directory = str(folder)
                return super().translate_path("/" + path.removeprefix(prefix))
        return "/nowhere"

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002
        """Say nothing: pytest shows what failed."""


@contextmanager
def serve(folders: Mapping[str, Path]) -> Iterator[str]:
    """Serve the folders on a free port; yields the origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Folders, folders))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
