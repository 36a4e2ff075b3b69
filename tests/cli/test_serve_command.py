"""`intab serve` as a command: the port, what it says, how it ends."""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

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


NO_ORIGINS = [
    "huggingface.co", "https://a.b/path", "https://a.b; x 'none'", "https://a.b//", "https://*",
    "https://*.", "https://a.*.b", "https://*.*.b", "https://a*.b", "https://a..b", "https://-a.b",
    "https://a_b.c", "ftp://a.b", "https://", "https://a.b:", "https://a.b:x", "https://a.b:1111111111",
    "https://[::1]:80", "*", "'unsafe-eval'", "https://a.b https://c.d", "https://a.b\n", "",
    "https://\u0661.b",
]  # fmt: skip


@pytest.mark.parametrize("origin", NO_ORIGINS)
def test_what_is_no_origin_is_refused(
    origin: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["serve", str(folder), "--connect", origin]) == 1
    assert "is not an origin such as" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536", "999999999"])
def test_a_port_that_no_origin_has(
    port: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["serve", str(folder), "--connect", f"https://a.b:{port}"]) == 1
    assert f"'https://a.b:{port}' has no port from 1 to 65535." in capsys.readouterr().err


def test_an_origin_in_other_letters_is_told_in_ascii() -> None:
    with pytest.raises(serve.ServeError, match=r"as https://xn--bcher-kva\.example:80\.$"):
        serve.read_origin("https://b\u00fccher.example:80")
    with pytest.raises(serve.ServeError, match=r"\*\.hf\.co\.$"):
        serve.read_origin("https://b\u00fc..example")


def test_a_password_is_not_an_origin_s_and_not_shown() -> None:
    with pytest.raises(serve.ServeError, match="without a name and password") as caught:
        serve.read_origin("https://me:secret@a.b")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "origin",
    ["https://huggingface.co", "https://*.hf.co", "http://*.cdn.localhost:8622",
     "http://127.0.0.1:9", "HTTPS://A.B", "https://a-b.c:65535", "http://x:1"],
)  # fmt: skip
def test_origins_and_one_wildcard_label_and_a_slash(origin: str) -> None:
    assert serve.read_origin(origin) == origin
    assert serve.read_origin(f"{origin}/") == origin


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_port_out_of_range_is_one_sentence(port: int) -> None:
    with pytest.raises(serve.ServeError, match=rf"from 0 .* to 65535, not {port}\."):
        serve.listen("127.0.0.1", port)


def test_the_last_port_may_be_tried(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "LAST_PORT", taken)
    with pytest.raises(serve.ServeError, match=f"No free port from {taken} to {taken};"):
        serve.listen("127.0.0.1", taken)


def test_a_folder_without_a_page_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["serve", str(tmp_path)]) == 1
    assert f"There is no index.html in {tmp_path}: run `make site`" in capsys.readouterr().err
    site = tmp_path / "build/site"
    site.mkdir(parents=True)
    (site / "index.html").touch()
    assert command.main(["serve", str(tmp_path)]) == 1
    assert f"in {tmp_path}: serve {site}" in capsys.readouterr().err


def test_a_folder_with_pages_below_it_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "blog").mkdir()
    (tmp_path / "blog/post.html").touch()
    assert serve.find_site(tmp_path) == tmp_path
    said = f"There is no index.html in {tmp_path}, but pages below it, such as blog/post.html.\n"
    assert capsys.readouterr().out == said


def test_a_missing_site_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["serve", str(tmp_path / "nothing")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("intab: There is no site in")
    assert "make site" in said


def test_without_the_extra_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "intab.cli.http_server", raising=False)
    monkeypatch.delattr(cli, "http_server", raising=False)
    assert command.main(["serve", str(folder), "--port", "0"]) == 1
    assert "try: pip install 'starlette" in capsys.readouterr().err


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
        out, err = process.communicate(timeout=60)
    assert said.startswith("The page is at http://127.0.0.1:")
    assert (out, err, process.returncode) == ("", "", 0)


def test_other_machines_are_warned_about_https(folder: Path) -> None:
    with start(folder, "--host", "0.0.0.0") as process:  # noqa: S104
        assert process.stdout is not None
        said = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert "HTTPS" in said[0]
    assert said[1].startswith("The page is at http://")


def test_open_shows_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    options = argparse.Namespace(host="127.0.0.1", open=True)
    serve._announce("http://127.0.0.1:8000/", options)
    assert opened == ["http://127.0.0.1:8000/"]


def test_the_hub_may_be_left_out(folder: Path) -> None:
    for options, policy in (
        ([], "'self' blob: https://huggingface.co https://*.hf.co;"),
        (["--no-hub", "--connect", "https://a.b/"], "'self' blob: https://a.b;"),
    ):
        with start(folder, *options) as process:
            assert process.stdout is not None
            with urlopen(process.stdout.readline().split()[4]) as answer:
                assert f"connect-src {policy}" in answer.headers["Content-Security-Policy"]
            process.terminate()


def test_who_may_be_asked_for() -> None:
    assert serve.reached_by("box.lan", ["b"]) == ["box.lan", "b"]
    own = socket.gethostname()
    assert serve.reached_by("::", ["b"]) == ["*", own, f"{own}.local", "b"]


def test_the_first_host_is_bound_and_all_are_known(folder: Path) -> None:
    with start(folder, "--host", "127.0.0.1", "--host", "models.example") as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[4]
        with urlopen(Request(address, headers={"Host": "models.example"})) as answer:
            assert answer.status == 200
        with pytest.raises(HTTPError, match="421"):
            urlopen(Request(address, headers={"Host": "evil.example"}))
        process.terminate()


def test_an_ipv6_address_is_printed_in_brackets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert serve.address_of(listener, "::1") == f"http://[::1]:{port}/"
