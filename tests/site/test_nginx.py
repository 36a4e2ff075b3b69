"""deploy/nginx.conf in a real nginx: what `intab serve` promises, over real connections."""

from __future__ import annotations

import gzip
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import brotli
import pytest

from intab.cli import headers
from tests.cli.test_serve import BODY, CODE, EVERY_KIND, FILES, RUNTIME
from tests.conftest import ROOT
from tests.support.serving import Served
from tools import nginx

TRIES = 3  # of a free port, which somebody else may take before nginx does

MAIN = """
load_module {module};
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{site}
}}
"""


def configure(site: Path, folder: Path, port: int) -> Path:
    """Ours with another root and port, inside the least that nginx needs."""
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    text = text.replace("root /usr/share/intab;", f"root {site};")
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    found = nginx.find()
    path.write_text(MAIN.format(module=found.module, user=user, folder=folder, site=text))
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def nginx_serving(site: Path, folder: Path) -> Iterator[Served]:
    for _ in range(TRIES):
        port = free_port()
        with subprocess.Popen(checked_command(site, folder, port)) as process:
            try:
                served = Served(port)
                if answers(served, process):
                    yield served
                    return
            finally:
                process.terminate()
    raise RuntimeError(f"nginx ended: {(folder / 'error.log').read_text('utf-8')}")


def checked_command(site: Path, folder: Path, port: int) -> list[str]:
    command = [str(nginx.find().program), "-e", f"{folder}/error.log", "-p", str(folder)]
    command += ["-c", str(configure(site, folder, port))]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return command


def answers(served: Served, process: subprocess.Popen[bytes]) -> bool:
    """Once it does; nginx ends where another has taken the port meanwhile."""
    while process.poll() is None:
        try:
            served.ask("/")
        except ConnectionRefusedError:
            continue
        return process.poll() is None
    return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("nginx")
    for path, content in FILES.items():
        target = folder / "site" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    with nginx_serving(folder / "site", folder) as served:
        yield served


@pytest.mark.parametrize(("path", "asked"), EVERY_KIND)
def test_every_answer_carries_the_headers_of_intab_serve(
    server: Served, path: str, asked: dict[str, str]
) -> None:
    answer = server.ask(path, **asked)
    for name, value in headers.security(isolation=True).items():
        # nginx says each of them twice in a 416.
        assert set(answer.headers.get_all(name, [])) == {value}


@pytest.mark.parametrize("name", FILES)
def test_each_file_comes_whole_with_its_type(server: Served, name: str) -> None:
    answer = server.ask("/" + name.replace(" ", "%20"))
    if name.startswith("."):
        assert answer.status == 404
        return
    assert (answer.status, answer.body) == (200, FILES[name])
    if not name.endswith((".br", ".gz")):
        assert answer.headers["content-type"] == headers.media_type(Path(name).suffix)


def test_it_knows_every_type_that_intab_serve_knows() -> None:
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    [block] = re.findall(r"types \{(.*?)\}", text, re.DOTALL)
    [charset] = re.findall(r"charset_types (.*);", text)
    known = {}
    for kind, *suffixes in (line.rstrip(";").split() for line in block.split("\n") if line.strip()):
        full = f"{kind}; charset=utf-8" if kind in charset.split() else kind
        known.update({f".{suffix}": full for suffix in suffixes})
    assert known == headers.MEDIA_TYPES


@pytest.mark.parametrize(("accepted", "coding"), [("br, gzip", "br"), ("gzip", "gzip"), ("", None)])
def test_the_variant_that_the_site_has_is_sent(
    server: Served, accepted: str, coding: str | None
) -> None:
    answer = server.ask("/code.mjs", accept_encoding=accepted)
    decode = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert decode(answer.body) == CODE
    assert answer.headers["content-encoding"] == coding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding"


def test_a_range_is_answered_exactly(server: Served) -> None:
    answer = server.ask("/data.bin", range="bytes=5-9")
    assert (answer.status, answer.body) == (206, BODY[5:10])
    assert answer.headers["content-range"] == "bytes 5-9/2048"
    beyond = server.ask("/data.bin", range="bytes=2048-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */2048")
    other = server.ask("/data.bin", range="bytes=0-3", if_range='"other"')
    assert (other.status, other.body) == (200, BODY)


def test_an_unchanged_file_is_304(server: Served) -> None:
    etag = server.ask("/code.mjs").headers["etag"]
    assert server.ask("/code.mjs", if_none_match=etag).status == 304


def test_only_addresses_with_a_digest_are_kept_for_ever(server: Served) -> None:
    assert server.ask(f"{RUNTIME}/pyodide.mjs").headers["cache-control"] == headers.IMMUTABLE
    assert server.ask("/code.mjs").headers["cache-control"] == headers.REVALIDATE
    assert server.ask(f"{RUNTIME}/no.mjs").headers["cache-control"] == headers.REVALIDATE


@pytest.mark.parametrize("path", ["/no/such", "/bare", "/bare/", "/.git/config", "/%2egit/config"])
def test_what_is_not_there_for_visitors_is_404(server: Served, path: str) -> None:
    answer = server.ask(path)
    final = server.ask("/bare/") if answer.status == 301 else answer
    assert final.status == 404


@pytest.mark.parametrize("path", ["/../error.log", "/%2e%2e/error.log", "/sub/..%2f..%2ferror.log"])
def test_nothing_outside_is_served(server: Served, path: str) -> None:
    assert server.ask(path).status in {400, 404}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_allowed(server: Served, method: str) -> None:
    assert server.ask("/data.bin", method).status == 405
