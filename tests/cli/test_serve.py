"""`intab serve` over real connections: ranges, variants, revalidation, and what is refused."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest

from intab.cli import headers
from tests.support.serving import Served, serving

BODY = bytes(range(256)) * 8
CODE = b"export const answer = 42;\n" * 100
RUNTIME = "/runtime-0123456789abcdef/pyodide"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served") / "site"
    for path, content in FILES.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (root / "out.txt").symlink_to(root.parent / "secret.txt")
    (root.parent / "secret.txt").write_bytes(b"secret")
    (root / "in.txt").symlink_to(root / "data.bin")
    return root


FILES = {
    "index.html": b"<!doctype html><title>t</title>",
    "data.bin": BODY,
    "code.mjs": CODE,
    "code.mjs.br": brotli.compress(CODE),
    "code.mjs.gz": gzip.compress(CODE),
    "empty.txt": b"",
    "sub/index.html": b"<!doctype html><title>sub</title>",
    "bare/file.txt": b"bare",
    ".hidden": b"hidden",
    ".git/config": b"hidden",
    "a b+c.txt": b"odd name",
    f"{RUNTIME[1:]}/pyodide.mjs": CODE,
}


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    with serving(folder) as served:
        yield served


def test_a_file_comes_whole_with_its_length(server: Served) -> None:
    answer = server.ask("/data.bin")
    assert (answer.status, answer.body) == (200, BODY)
    assert answer.headers["content-length"] == str(len(BODY))
    assert answer.headers["accept-ranges"] == "bytes"
    assert "last-modified" in answer.headers


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("0-0", 0, 0), ("5-9", 5, 9), ("2000-", 2000, 2047), ("-7", 2041, 2047),
     ("2040-9999", 2040, 2047), ("-9999", 0, 2047)],
)  # fmt: skip
def test_a_range_is_answered_exactly(server: Served, wanted: str, first: int, last: int) -> None:
    answer = server.ask("/data.bin", range=f"bytes={wanted}")
    assert (answer.status, answer.body) == (206, BODY[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/2048"
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("wanted", ["2048-", "9999-10000", "-0"])
def test_a_range_outside_is_416_and_tells_the_size(server: Served, wanted: str) -> None:
    answer = server.ask("/data.bin", range=f"bytes={wanted}")
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */2048")


def test_if_range_gives_the_part_only_of_the_same_file(server: Served) -> None:
    etag = server.ask("/data.bin").headers["etag"]
    same = server.ask("/data.bin", range="bytes=0-3", if_range=etag)
    other = server.ask("/data.bin", range="bytes=0-3", if_range='"other"')
    assert (same.status, same.body) == (206, BODY[:4])
    assert (other.status, other.body) == (200, BODY)


def test_head_tells_the_same_without_a_body(server: Served) -> None:
    get, head = server.ask("/data.bin"), server.ask("/data.bin", "HEAD")
    assert head.status == 200
    assert head.body == b""
    for name in ("etag", "content-length", "content-type", "cache-control"):
        assert head.headers[name] == get.headers[name]


def test_an_empty_file_is_served(server: Served) -> None:
    answer = server.ask("/empty.txt")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("br, gzip", "br"), ("gzip, deflate", "gzip"), ("br;q=0, gzip", "gzip"), ("br;q=0.0", None),
     ("identity", None), ("", None)],
)  # fmt: skip
def test_the_best_accepted_variant_is_sent(
    server: Served, accepted: str, coding: str | None
) -> None:
    answer = server.ask("/code.mjs", accept_encoding=accepted)
    decode = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert decode(answer.body) == CODE
    assert answer.headers["content-encoding"] == coding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding"


def test_each_variant_has_its_own_etag(server: Served) -> None:
    etags = {
        server.ask("/code.mjs", accept_encoding=accepted).headers["etag"]
        for accepted in ("br", "gzip", "identity")
    }
    assert len(etags) == 3


def test_a_range_speaks_of_the_file_itself(server: Served) -> None:
    answer = server.ask("/code.mjs", range="bytes=0-5", accept_encoding="br")
    assert (answer.status, answer.body) == (206, CODE[:6])
    assert answer.headers["content-encoding"] is None


def test_a_variant_older_than_its_file_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "x.mjs.br").write_bytes(b"of something else")
    (tmp_path / "x.mjs").write_bytes(CODE)
    os.utime(tmp_path / "x.mjs.br", (1, 1))
    with serving(tmp_path) as served:
        assert served.ask("/x.mjs", accept_encoding="br").body == CODE


@pytest.mark.parametrize(
    "spoil", ["a link out", "a folder", "a link to nothing", "a link to itself"]
)
def test_a_variant_that_is_no_file_of_the_site_is_not_sent(tmp_path: Path, spoil: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "x.mjs").write_bytes(CODE)
    (tmp_path / "secret").write_bytes(brotli.compress(b"secret"))
    for variant in (site / "x.mjs.br", site / "x.mjs.gz"):
        if spoil == "a folder":
            variant.mkdir()
        else:
            to = {"a link out": tmp_path / "secret", "a link to itself": variant}
            variant.symlink_to(to.get(spoil, tmp_path / "nothing"))
    with serving(site) as served:
        answer = served.ask("/x.mjs", accept_encoding="br, gzip")
    assert (answer.status, answer.body, answer.headers["content-encoding"]) == (200, CODE, None)


def test_a_variant_that_is_a_link_inside_is_sent(tmp_path: Path) -> None:
    (tmp_path / "x.mjs").write_bytes(CODE)
    (tmp_path / "y.br").write_bytes(brotli.compress(CODE))
    (tmp_path / "x.mjs.br").symlink_to("y.br")
    with serving(tmp_path) as served:
        assert brotli.decompress(served.ask("/x.mjs", accept_encoding="br").body) == CODE


@pytest.mark.parametrize("accepted", ["br", "identity"])
def test_an_unchanged_file_is_304(server: Served, accepted: str) -> None:
    etag = server.ask("/code.mjs", accept_encoding=accepted).headers["etag"]
    again = server.ask("/code.mjs", accept_encoding=accepted, if_none_match=f'"x", {etag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)


def test_if_modified_since_is_honoured(server: Served) -> None:
    date = server.ask("/data.bin").headers["last-modified"]
    assert server.ask("/data.bin", if_modified_since=date).status == 304


def test_the_etag_goes_by_content_not_by_date(tmp_path: Path) -> None:
    file = tmp_path / "core.js"
    etags = []
    for content in (b"import 'a'", b"import 'b'"):
        replacement = tmp_path / "new"
        replacement.write_bytes(content)
        os.utime(replacement, (499162500, 499162500))  # as npm dates everything
        replacement.rename(file)
        with serving(tmp_path) as served:
            etags.append(served.ask("/core.js").headers["etag"])
    assert etags[0] != etags[1]


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/sub/../../secret.txt", "/sub/%2e%2e/data.bin",
     "/..%2fsecret.txt", "/..%5csecret.txt", "/sub\\..\\..\\secret.txt", "/data.bin%00",
     "/%00", "//etc/passwd", "/%2fetc/passwd", "/sub//index.html", "/./data.bin", "/out.txt",
     "/.hidden", "/.git/config", "/%2egit/config", "/no/such", "/data.bin/", "/data.bin/x",
     "/" + "x" * 5000],
)  # fmt: skip
def test_what_is_not_there_for_visitors_is_404(server: Served, path: str) -> None:
    answer = server.ask(path)
    assert answer.status == 404
    assert b"secret" not in answer.body


@pytest.mark.parametrize("path", ["/in.txt", "/a%20b+c.txt"])
def test_odd_names_and_links_inside_are_served(server: Served, path: str) -> None:
    assert server.ask(path).status == 200


def test_a_folder_serves_its_index_and_is_never_listed(server: Served) -> None:
    assert b"sub" in server.ask("/sub/").body
    assert server.ask("/").body == FILES["index.html"]
    redirect = server.ask("/sub")
    assert redirect.status == 307
    assert redirect.headers["location"].endswith("/sub/")
    for path in ("/bare", "/bare/"):
        assert server.ask(path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_reading_is_allowed(server: Served, method: str) -> None:
    answer = server.ask("/data.bin", method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


EVERY_KIND = [
    ("/", {}), ("/data.bin", {"range": "bytes=0-1"}), ("/data.bin", {"range": "bytes=9999-"}),
    ("/no", {}), ("/sub", {}), ("/data.bin", {"if_none_match": "*"}), ("/.hidden", {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "asked"), EVERY_KIND)
def test_every_answer_carries_the_security_headers(
    server: Served, path: str, asked: dict[str, str]
) -> None:
    answer = server.ask(path, **asked)
    for name, value in headers.security(isolation=True).items():
        if name != "Cache-Control":
            assert answer.headers.get_all(name) == [value]
    assert len(answer.headers.get_all("cache-control", [])) == 1


def test_isolation_can_be_left_out(folder: Path) -> None:
    with serving(folder, isolation=False) as served:
        answer = served.ask("/")
    assert {answer.headers[name] for name in headers.ISOLATION} == {"unsafe-none"}
    policy = headers.security(isolation=True)["Content-Security-Policy"]
    assert answer.headers["content-security-policy"] == policy


def test_pages_of_other_origins_are_let_in_where_that_is_said(folder: Path, server: Served) -> None:
    with serving(folder, cors=True) as served:
        let_in = served.ask("/code.mjs", origin="https://other.example")
        missing = served.ask("/nowhere", origin="https://other.example")
    for name, value in headers.CORS.items():
        assert let_in.headers.get_all(name) == missing.headers.get_all(name) == [value]
    own = server.ask("/code.mjs", origin="https://other.example")
    assert own.headers["access-control-allow-origin"] is None
    assert own.headers["cross-origin-resource-policy"] == "same-origin"


def test_models_may_come_from_origins_that_are_named(folder: Path) -> None:
    with serving(folder, connect=["https://hub.example", "http://127.0.0.1:9"]) as served:
        policy = served.ask("/").headers["content-security-policy"]
    assert "; connect-src 'self' blob: https://hub.example http://127.0.0.1:9; " in policy
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy


def test_only_addresses_with_a_digest_are_kept_for_ever(server: Served) -> None:
    assert server.ask(f"{RUNTIME}/pyodide.mjs").headers["cache-control"] == headers.IMMUTABLE
    assert server.ask("/code.mjs").headers["cache-control"] == headers.REVALIDATE
    assert server.ask(f"{RUNTIME}/no.mjs").headers["cache-control"] == headers.REVALIDATE
