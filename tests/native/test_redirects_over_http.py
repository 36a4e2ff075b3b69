"""Files that a host redirects to another one, over real sockets: no secret is told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from intab.engine.io.retry import RetryPolicy
from intab.engine.io.small_files import get_whole
from intab.errors import DownloadError, TemporaryError
from intab.native.fetch import NativeFetch
from intab.native.runtime import NativeRuntime
from intab.native.web import _check_redirect

DATA = bytes(range(256)) * 16
TOKEN = "hf_secret"  # noqa: S105
SIGNATURE = "signature"


@dataclass
class Hosts:
    """A hub that redirects to a signed address of another origin, which may expire."""

    hub: str = ""
    network: str = ""
    signed: int = 0
    valid: int = 0  # the signature that the network takes
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(
        self, host: str, path: str, span: str | None, token: str | None
    ) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(("network" if f"http://{host}" == self.network else "hub", token))
        if path in ELSEWHERE:
            return 302, {"Location": ELSEWHERE[path]}, b""
        if f"http://{host}" == self.hub:
            self.signed = self.valid = self.valid + 1
            return 302, {"Location": f"{self.network}/f?{SIGNATURE}={self.signed}"}, b""
        if path != f"/f?{SIGNATURE}={self.valid}":
            return 403, {}, b""
        first, last = map(int, (span or f"bytes=0-{len(DATA)}").removeprefix("bytes=").split("-"))
        part = DATA[first : last + 1]
        described = {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(DATA)}"}
        return 206 if span else 200, described, part


ELSEWHERE = {
    "/file": "file:///etc/passwd",
    "/ftp": "ftp://host/f",
    "/data": "data:text/plain,x",
    "/round": "/round",
}


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    found = Hosts()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = (self.headers["Host"], self.path, self.headers["Range"])
            status, headers, body = found.answer(*asked, self.headers["Authorization"])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    found.hub, found.network = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    yield found
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


async def part(fetch: NativeFetch, hosts: Hosts, first: int, token: str = TOKEN) -> bytes:
    reply = await fetch.request(f"{hosts.hub}/f", f"bytes={first}-{first + 9}", token=token)
    try:
        return (await reply.body(lambda _: None)).bytes() if reply.status == 206 else b""
    finally:
        await reply.close()


def seen(hosts: Hosts) -> list[str]:
    """Who was asked since the last look; the token went to the hub alone."""
    assert {token for who, token in hosts.asked if who == "network"} <= {None}
    names = [who for who, _ in hosts.asked]
    hosts.asked.clear()
    return names


async def test_later_parts_are_asked_for_where_the_first_one_came_from(hosts: Hosts) -> None:
    fetch = NativeFetch()
    for first in (0, 10, 20):
        assert await part(fetch, hosts, first) == DATA[first : first + 10]
    assert seen(hosts) == ["hub", "network", "network", "network"]


async def test_an_address_that_has_expired_is_asked_of_the_hub_again(hosts: Hosts) -> None:
    fetch = NativeFetch()
    await part(fetch, hosts, 0)
    hosts.valid += 1
    seen(hosts)
    assert await part(fetch, hosts, 10) == DATA[10:20]
    assert seen(hosts) == ["network", "hub", "network"]
    assert await part(fetch, hosts, 20) == DATA[20:30]
    assert seen(hosts) == ["network"]


async def test_each_load_and_each_token_asks_the_hub(hosts: Hosts) -> None:
    fetch = NativeFetch()
    await part(fetch, hosts, 0)
    await part(fetch, hosts, 0)
    await part(fetch, hosts, 10, token="")
    assert seen(hosts) == ["hub", "network"] * 3


async def test_the_signed_address_is_neither_told_nor_logged(
    hosts: Hosts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fetch = NativeFetch()
    await part(fetch, hosts, 0)
    hosts.network = "http://127.0.0.1:9"  # nobody is there
    with pytest.raises(TemporaryError, match="could not be fetched") as caught:
        await part(fetch, hosts, 0)
    assert caplog.records
    assert SIGNATURE not in caplog.text + str(caught.value)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/file", r"another kind \(file:\)"),
        ("/ftp", r"another kind \(ftp:\)"),
        ("/data", r"another kind \(data:\)"),
        ("/round", "redirects again and again"),
    ],
)
async def test_redirects_that_are_not_followed(hosts: Hosts, path: str, says: str) -> None:
    with pytest.raises(DownloadError, match=says) as caught:
        await get_whole(NativeRuntime().services, hosts.hub + path, RetryPolicy(attempts=2))
    assert "times" not in str(caught.value)  # it was not tried again


def test_what_came_by_https_stays_so() -> None:
    with pytest.raises(DownloadError, match="from https to http"):
        _check_redirect("https://host/f", "https", "http://host/f")
    for location in ("https://other/f", "/f", "//other/f"):
        _check_redirect("https://host/f", "https", location)
