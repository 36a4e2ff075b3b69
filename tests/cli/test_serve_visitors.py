"""Whom `intab serve` answers: those who ask for it by a name it has, and say so in time."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from intab.cli import http_server
from tests.support.serving import serving

BODY = bytes(range(256)) * 8
PATIENCE = 1.0  # seconds, for those who never say what they want
ENOUGH = 3.0  # for a busy machine from a connection to its request


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data.bin").write_bytes(BODY)
    (tmp_path / "empty.txt").touch()
    return tmp_path


@pytest.mark.parametrize(
    "host", ["localhost:1", "127.0.0.1", "[::1]:8000", "box.lan", "BOX.LAN.:80"]
)
def test_those_who_ask_for_this_server_are_answered(folder: Path, host: str) -> None:
    with serving(folder, hosts=["box.lan"]) as served:
        assert served.ask("/data.bin", host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1", "", "[::2]"]
)
def test_a_name_that_was_made_to_lead_here_gets_nothing(folder: Path, host: str) -> None:
    with serving(folder) as served:
        answer = served.ask("/data.bin", host=host)
    assert (answer.status, answer.headers["cross-origin-resource-policy"]) == (421, "same-origin")
    assert b"answers to 127.0.0.1, ::1, localhost: use one of these" in answer.body


def test_a_client_that_does_not_say_what_it_wants_is_hung_up_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "HEAD_WITHIN", PATIENCE)
    with serving(folder) as served:
        for said in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n"):
            with socket.create_connection(("127.0.0.1", served.port), timeout=60) as silent:
                silent.sendall(said)
                assert silent.recv(100) == b""
        monkeypatch.setattr(http_server, "HEAD_WITHIN", 60.0)
        answered = b"GET /empty.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with socket.create_connection(("127.0.0.1", served.port), timeout=60) as slow:
            slow.sendall(answered)
            assert slow.recv(100).startswith(b"HTTP/1.1 200")
            monkeypatch.setattr(http_server, "HEAD_WITHIN", PATIENCE)
            slow.sendall(answered[:20])  # the next one stops in the middle
            while slow.recv(4096):
                pass


def test_an_answer_may_take_longer_than_its_question(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "HEAD_WITHIN", ENOUGH)

    def late(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await asyncio.sleep(1.5 * ENOUGH)
            await app(scope, receive, send)

        return answer

    with serving(folder, wrap=late) as served:
        assert served.ask("/data.bin").body == BODY
