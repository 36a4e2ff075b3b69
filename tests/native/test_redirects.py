"""Servers that lead elsewhere: to other schemes, to nothing, in circles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from intab.errors import DownloadError
from intab.native.fetch import NativeFetch

LEADS = [
    *("file:///etc/hostname", "ftp://host/x", "data:application/json,{}", "javascript:alert(1)"),
    *("http://[", "//", "http://host:99999/x", "?\x00", "/again", "http://ho st/", ""),
]


class Leading(BaseHTTPRequestHandler):
    """Leads to what stands behind the number of the path."""

    def do_GET(self) -> None:
        self.send_response(302)
        number = self.path.strip("/")
        self.send_header("Location", LEADS[int(number)] if number.isdigit() else self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Leading) as listening, closing(listening.socket):
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("number", range(len(LEADS)))
async def test_a_redirect_to_no_file_of_a_server_is_our_error(server: str, number: int) -> None:
    with pytest.raises(DownloadError, match=f"{server}/{number}"):
        await NativeFetch().request(f"{server}/{number}")


@pytest.mark.parametrize(
    "address", ["http://[", "http://host:99999/", "http://ho\x00st/", "http://"]
)
async def test_what_is_no_address(address: str) -> None:
    with pytest.raises(DownloadError, match="http://"):
        await NativeFetch().request(address)
