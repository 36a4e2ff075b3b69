"""A hub and its content network: two origins on real sockets. The first has a private model, lists
its files in pages, and redirects small files to itself and large ones to the second, as Hugging
Face does. Both send parts.

With TLS both have the names of the real ones, by a certificate that nobody trusts: hub.pem, a key
that is no secret, made with `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
-nodes -days 36500 -subj "/CN=..." -addext subjectAltName=DNS:huggingface.co,DNS:*.hf.co,...`
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

COMMIT = "c" * 40
REAL = ("huggingface.co", "us.aws.cdn.hf.co")
PEM = Path(__file__).with_name("hub.pem")
# What Chromium is told of that key: the digest of what is public of it.
SPKI = "cFswYZ3Ht2rnwf9lY9dFEUxDqdwi675rS4qGpcxcI60="
TOKEN = "hf_secret"  # noqa: S105
LARGE = (".onnx", ".onnx_data")
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "authorization, range",
    "Access-Control-Expose-Headers": "Content-Range, ETag, Link",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass
class FakeHub:
    """What it serves, and what it was told: of each host the Authorization headers it got, and how
    often each address was asked for."""

    files: dict[str, bytes]
    hub: str = ""
    network: str = ""
    private: bool = True
    name: str = "org/name"
    rules: str = ""  # for Chromium: where the names lead to
    heard: dict[str, list[str | None]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def question(self, name: str) -> str:
        """The address at which the hub is asked for a file."""
        return f"{self.hub}/{self.name}/resolve/{COMMIT}/{quote(name)}"

    def answer(self, host: str, path: str, token: str | None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers, body."""
        address = f"{self.hub.partition(':')[0]}://{host}"
        self.heard.setdefault(address, []).append(token)
        self.asked[address + path] += 1
        if address == self.network:
            return 200, {}, self.files[unquote(path.removeprefix("/"))]
        if self.private and token != f"Bearer {TOKEN}":
            return 401, {}, b""
        if path.partition("?")[0] == f"/api/models/{self.name}/revision/main":
            return 200, {}, json.dumps(self._facts()).encode()
        if path.startswith(f"/api/models/{self.name}/tree/{COMMIT}"):
            return self._listing(path)
        small = f"/api/resolve-cache/models/{self.name}/{COMMIT}/"  # where the hub has small files
        if path.startswith(small):
            return 200, {}, self.files[unquote(path.removeprefix(small))]
        name = unquote(path.removeprefix(f"/{self.name}/resolve/{COMMIT}/"))
        if name not in self.files:
            return 404, {}, b""
        if name.endswith(LARGE):
            return 302, {"Location": f"{self.network}/{quote(name)}"}, b""
        return 307, {"Location": small + quote(name)}, b""

    def _facts(self) -> dict[str, Any]:
        """As with `?blobs=true`, which asks for the sizes."""
        files = [{"rfilename": name, "size": len(data)} for name, data in self.files.items()]
        card = {"license": "apache-2.0"}
        facts = {"sha": COMMIT, "siblings": files, "cardData": card, "gated": False}
        return {**facts, "pipeline_tag": "text-generation"}

    def _listing(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """One file a page."""
        number = int(path.partition("cursor=")[2] or 0)
        name = sorted(self.files)[number]
        data = self.files[name]
        lfs = {"size": len(data), "oid": hashlib.sha256(data).hexdigest()}
        entry: dict[str, Any] = {"type": "file", "path": name, "size": len(data)}
        more = f'<{self.hub}{path.partition("?")[0]}?cursor={number + 1}>; rel="next"'
        headers = {"Link": more} if number + 1 < len(self.files) else {}
        large = {"lfs": lfs} if name.endswith(LARGE) else {}
        return 200, headers, json.dumps([{**entry, **large}]).encode()


def part(body: bytes, span: str) -> tuple[int, dict[str, str], bytes]:
    """The answer to a Range header `bytes=FIRST-LAST`."""
    first, last = map(int, span.removeprefix("bytes=").split("-"))
    wanted = body[first : last + 1]
    said = f"bytes {first}-{first + len(wanted) - 1}/{len(body)}"
    return 206, {"Content-Range": said}, wanted


def _secure(servers: list[ThreadingHTTPServer]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    for server in servers:
        server.socket = context.wrap_socket(server.socket, server_side=True)


@contextmanager
def serving_hub(
    folder: Path,
    hosts: tuple[str, str] = ("127.0.0.1", "127.0.0.1"),
    *,
    tls: bool = False,
    private: bool = True,
    name: str = "org/name",
) -> Iterator[FakeHub]:
    """A hub with a folder's files; its two origins have ports of their own, and these hosts. With
    TLS the hosts' names alone are their addresses, and `rules` lead there."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    hub = FakeHub(files, private=private, name=name)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers["Authorization"]
            status, headers, body = hub.answer(self.headers["Host"], self.path, token)
            if status == 200 and "Range" in self.headers:
                status, headers, body = part(body, self.headers["Range"])
            self.send_response(status)
            for name, value in {**CORS, **headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_OPTIONS(self) -> None:  # what a browser asks before it sends a token
            self.send_response(204)
            for name, value in CORS.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    named = [(host, server.server_port) for host, server in zip(hosts, servers, strict=True)]
    hub.hub, hub.network = (f"http://{host}:{port}" for host, port in named)
    if tls:
        hub.hub, hub.network = (f"https://{host}" for host in hosts)
        hub.rules = ", ".join(f"MAP {host}:443 127.0.0.1:{port}" for host, port in named)
        _secure(servers)
    with _running(servers):
        yield hub


@contextmanager
def _running(servers: list[ThreadingHTTPServer]) -> Iterator[None]:
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()
