"""`intab serve` as a command: the port, what it says, how it ends."""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from intab import cli
from intab.cli import main as command
from intab.cli import serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html><title>t</title>")
    return tmp_path


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on, with the next ones most likely free."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_in_use_is_said_and_the_next_taken(
    taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve.listen("127.0.0.1", taken) as listener:
        assert taken < listener.getsockname()[1] <= taken + serve.PORTS_TRIED
    assert capsys.readouterr().out.startswith(f"Port {taken} is in use")


def test_no_free_port_is_an_error(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "PORTS_TRIED", 0)
    with pytest.raises(serve.ServeError, match=r"No free port .*--port"):
        serve.listen("127.0.0.1", taken)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_an_error(host: str) -> None:
    with pytest.raises(serve.ServeError, match=f"Cannot listen on {host}"):
        serve.listen(host, 8000)


@pytest.mark.parametrize("origin", ["huggingface.co", "https://a.b/path", "https://a.b; x 'none'"])
def test_what_is_no_origin_is_refused(
    origin: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["serve", str(folder), "--connect", origin]) == 1
    assert "is not an origin such as" in capsys.readouterr().err


def test_a_missing_site_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["serve", str(tmp_path / "nothing")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("intab: There is no site in")
    assert "make site" in said


def test_without_the_extra_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "intab.cli.running", raising=False)
    monkeypatch.delattr(cli, "running", raising=False)
    assert command.main(["serve", str(folder), "--port", "0"]) == 1
    assert "pip install 'intab[serve]'" in capsys.readouterr().err


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "intab.cli.main", "serve", str(folder), "--port", "0", *options]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_prints_the_address_answers_and_ends_cleanly_on_ctrl_c(folder: Path) -> None:
    with start(folder) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        with urlopen(said.split()[4]) as answer:
            assert b"<title>t</title>" in answer.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert said.startswith("The page is at http://127.0.0.1:")
    assert (out, err, process.returncode) == ("", "", 0)


def test_other_machines_are_warned_about_https(folder: Path) -> None:
    with start(folder, "--host", "0.0.0.0") as process:  # noqa: S104
        assert process.stdout is not None
        said = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert "HTTPS" in said[0]
    assert said[1].startswith("The page is at http://")


def test_open_shows_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    options = argparse.Namespace(host="127.0.0.1", open=True)
    serve._announce("http://127.0.0.1:8000/", options)
    assert opened == ["http://127.0.0.1:8000/"]


def test_an_ipv6_address_is_printed_in_brackets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert serve.address_of(listener, "::1") == f"http://[::1]:{port}/"
