"""The pure part of `intab serve`: which address is kept how long, and what each file is."""

from __future__ import annotations

import pytest

from intab.cli import headers
from intab.cli.static import accepted_codings, is_known, plain_host


@pytest.mark.parametrize(
    "address",
    ["/runtime-0123456789abcdef/ort/ort.wasm.min.mjs", "/assets/page-GS53XDCD.mjs",
     "/assets/style-UZW2KFJE.css", "/assets/files-0123ABCD.json"],
)  # fmt: skip
def test_hashed_addresses_are_immutable(address: str) -> None:
    assert headers.cache_control(address) == headers.IMMUTABLE


@pytest.mark.parametrize(
    "address",
    ["/", "/index.html", "/pyscript.toml", "/pyscript/core.js", "/pyscript/core.css",
     "/models/default/config.json", "/runtime-0123/x", "/x/runtime-0123456789abcdef/y",
     "/assets/page.mjs", "/service-worker.mjs"],
)  # fmt: skip
def test_all_else_is_revalidated(address: str) -> None:
    assert headers.cache_control(address) == headers.REVALIDATE


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [(".mjs", "text/javascript; charset=utf-8"), (".wasm", "application/wasm"),
     (".json", "application/json"), (".html", "text/html; charset=utf-8"),
     (".whl", "application/octet-stream"), (".onnx", "application/octet-stream"),
     (".onnx_data", "application/octet-stream"), (".toml", "application/toml")],
)  # fmt: skip
def test_media_types_do_not_depend_on_the_machine(suffix: str, kind: str) -> None:
    assert headers.media_type(suffix) == kind


@pytest.mark.parametrize("connect", [headers.HUB, ()])
def test_the_policy_allows_neither_eval_nor_inline_nor_origins_but_the_hub_s(
    connect: tuple[str, ...],
) -> None:
    policy = headers.security(isolation=True, connect=connect)["Content-Security-Policy"]
    words = policy.replace(";", " ").split()
    assert "'unsafe-eval'" not in words
    assert "'unsafe-inline'" not in words
    assert tuple(word for word in words if "//" in word or "*" in word) == connect
    assert policy.startswith("default-src 'none'")
    assert " ".join(["; connect-src 'self' blob:", *connect]) + "; " in policy


def test_the_hub_is_allowed_unless_it_is_said_otherwise() -> None:
    policy = headers.security(isolation=True)["Content-Security-Policy"]
    assert "; connect-src 'self' blob: https://huggingface.co https://*.hf.co; " in policy


@pytest.mark.parametrize(
    ("header", "host"),
    [("localhost:8000", "localhost"), ("LOCALHOST", "localhost"), ("box.lan.", "box.lan"),
     ("[::1]:8000", "::1"), ("[0:0:0::1]", "::1"), ("::1", "::1"), ("127.0.0.1", "127.0.0.1"),
     ("", ""), ("[", ""), ("a:b:c", "a:b:c")],
)  # fmt: skip
def test_hosts_are_compared_in_one_spelling(header: str, host: str) -> None:
    assert plain_host(header) == host


def test_numbers_are_known_where_every_address_was_bound() -> None:
    everywhere = frozenset({"*", "box.lan"})
    assert is_known("192.168.1.2:8000", everywhere)
    assert is_known("[fe80::1]:8000", everywhere)
    assert is_known("box.lan:8000", everywhere)
    assert not is_known("evil.example:8000", everywhere)
    assert not is_known("192.168.1.2", frozenset({"box.lan"}))
    assert not is_known("*", everywhere - {"*"})


@pytest.mark.parametrize(
    ("header", "codings"),
    [("gzip, br", {"gzip", "br"}), ("br;q=0", set()), ("br; q=0.000, gzip;q=0.1", {"gzip"}),
     ("BR", {"br"})],
)  # fmt: skip
def test_accept_encoding_is_read_with_its_weights(header: str, codings: set[str]) -> None:
    assert accepted_codings(header) == codings
