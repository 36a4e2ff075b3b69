"""Every command shows any text in any encoding, and ends quietly when its reader leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from intab.native import terminal
from tests.support.graphs import Form, write_model

LOUD = """
import sys
from intab.native import terminal
def main():
    for _ in range(100_000):
        print("a line that somebody reads")
    return 0
sys.exit(terminal.run(main))
"""


def intab(
    *arguments: str, encoding: str = "utf-8", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONIOENCODING": encoding, **variables}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, env=env, capture_output=True, check=False)


def reader_leaves(command: list[str]) -> tuple[int, bytes]:
    """The command's status and complaint where its reader leaves after a few bytes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(3)
        process.stdout.close()
        complaint = process.stderr.read()
    return process.returncode, complaint


@pytest.fixture
def babbler(tmp_path: Path) -> str:
    """A model of random bytes: much of what it says is in no encoding of eight bits."""
    write_model(tmp_path / "babbler", Form())
    return str(tmp_path / "babbler")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_what_an_encoding_lacks_is_replaced(babbler: str, encoding: str) -> None:
    options = ["--temperature", "1.5", "--max-new-tokens", "30", "--seed", "3"]
    wanted = intab("intab", "Hello", "--model", babbler, *options)
    found = intab("intab", "Hello", "--model", babbler, *options, encoding=encoding)
    assert (found.returncode, found.stderr) == (0, b"")
    shown = wanted.stdout.decode().encode(encoding, "replace")
    assert found.stdout == shown != wanted.stdout


def test_an_error_of_other_letters_is_shown(tmp_path: Path) -> None:
    done = intab("intab", "Hello", "--model", "./\u6f22\u5b57", encoding="cp1252")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_stored_models_of_other_letters_are_listed(tmp_path: Path) -> None:
    done = intab("intab.cli.main", "storage", "list", encoding="ascii", INTAB_CACHE=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGPIPE")
def test_a_reader_who_leaves_is_no_traceback(babbler: str) -> None:
    told = [sys.executable, "-m", "intab", "Once upon a time", "--max-new-tokens", "400"]
    assert reader_leaves(told) == (terminal.BROKEN_PIPE, b"")
    assert reader_leaves([sys.executable, "-c", LOUD]) == (terminal.BROKEN_PIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_a_full_disk_is_not_taken_for_a_reader_who_left() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", LOUD], stdout=full, stderr=-1, check=False)
    assert done.returncode != terminal.BROKEN_PIPE
    assert b"No space left on device" in done.stderr


@pytest.mark.parametrize("command", [["intab", "--help"], ["intab.cli.main", "convert", "--help"]])
def test_help_with_nobody_to_read_it_is_quiet(command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    line = [sys.executable, "-m", *command]
    # Buffered, so that only the flush at the end meets the closed pipe.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE, check=False, env=env)
    os.close(writing)
    assert (done.returncode, done.stderr) == (terminal.BROKEN_PIPE, b"")


def test_ctrl_c_is_quiet() -> None:
    def press() -> int:
        signal.raise_signal(signal.SIGINT)
        return 0

    assert terminal.run(press) == terminal.INTERRUPTED


def test_ctrl_c_in_the_midst_of_a_story_is_quiet(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "intab", "Once upon a time", "--max-new-tokens", "450"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(3)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) in ((terminal.INTERRUPTED, b""), (0, b""))


def test_the_status_is_the_command_s() -> None:
    assert terminal.run(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        terminal.run(lambda: 1 // 0)
