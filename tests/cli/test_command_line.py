"""`intab run PROMPT`, `intab PROMPT` and `python -m intab`, as a user types them."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

import intab
from intab import Progress
from intab.cli.progress import show_progress
from tests.conftest import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "intab", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_it_streams_a_continuation() -> None:
    one = run("Once upon a time", "--max-new-tokens", "20", "--seed", "1")
    assert one.returncode == 0
    assert one.stderr == ""
    assert len(one.stdout.split()) > 5
    assert run("Once upon a time", "--max-new-tokens", "20", "--seed", "1").stdout == one.stdout


def test_run_may_be_written_or_left_out(tmp_path: Path) -> None:
    options = ["--max-new-tokens", "3", "--seed", "1"]
    assert run("run", "serve", *options).stdout == run("run", *options, "serve").stdout
    assert run(*options, "A cat").stdout == run("run", "A cat", *options).stdout != ""


def test_a_command_is_no_prompt(tmp_path: Path) -> None:
    done = run("serve", str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert "There is no site in" in done.stderr
    assert run("storage", "list").returncode == 0


def test_a_misspelt_command_is_no_prompt_either() -> None:
    done = run("storge", "list")
    assert done.returncode == 2
    assert "there is no command storge: storage is one." in done.stderr
    assert "intab run storge" in done.stderr


def test_the_version_and_the_commands() -> None:
    assert run("--version").stdout == f"intab {intab.__version__}\n"
    assert "{run,serve,convert,storage}" in run("--help").stdout


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress("start"), "start"),
        (Progress("download", loaded=34_400_000, total=140_000_000), "download: 34 of 140 MB"),
        (
            Progress("verify", loaded=1_000_000, total=9_000_000, rate=2.5e6, seconds_left=3.2),
            "verify: 1 of 9 MB, 2.5 MB/s, 3 s left",
        ),
    ],
)
def test_progress_is_one_line(progress: Progress, line: str) -> None:
    assert str(progress) == line


def test_progress_shows_in_a_terminal_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with show_progress() as on_progress:
        on_progress(Progress("start"))
        assert terminal.getvalue().startswith("\rstart ")
    last = terminal.getvalue().split("\r")[-2]
    assert last.isspace()


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_chat_message_goes_through_the_template() -> None:
    plain, chat = (
        run("Tell me a story", "--temperature", "0", "--max-new-tokens", "8", *extra)
        for extra in ((), ("--chat",))
    )
    assert chat.returncode == 0
    assert chat.stdout != plain.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["x", "--model", "nothing"], "ModelNotFoundError: There is no model nothing in models/"),
        ([""], "EmptyPromptError: The prompt is empty"),
        (["x", "--top-p", "2"], "OptionError: top_p must be a number from 0 to 1, not 2.0."),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], says: str) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1
