"""`python -m intab PROMPT`, as a user types it."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
