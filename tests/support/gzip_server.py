"""A server of another origin that sends whole files as gzip: their length is that of what it sends,
and CORS shows that and hides the Content-Encoding, as GitHub Pages and content networks do.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.support.fake_hub import part


@contextmanager
def serving_gzip(folder: Path, *, deaf: bool = False) -> Iterator[str]:
    """Serve a folder's files to pages of any origin; the address. A `deaf` server codes whatever it
    is asked for, parts and errors too, which are all of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = folder / unquote(self.path).lstrip("/")
            found = path.is_file()
            status, body = (200, path.read_bytes()) if found else (404, b"There is no such file.")
            headers = {"Access-Control-Allow-Origin": "*"}
            if found and "Range" in self.headers and not deaf:  # parts are sent as they are
                status, described, body = part(body, self.headers["Range"])
                headers |= described
            elif deaf or "gzip" in self.headers.get("Accept-Encoding", ""):
                body = gzip.compress(body, 1)
                headers["Content-Encoding"] = "gzip"
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
