"""`make outdated` reads each pin of the tree and names the ones that are behind."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tools import outdated
from tools.outdated import Pin


def test_each_file_of_pins_is_read() -> None:
    """One of each place, as that file has it; a range such as `>=2.1,<3` is no pin."""
    found = {(pin.name, pin.place) for pin in outdated.pins()}
    assert {
        ("onnxruntime", "pyproject.toml"),
        ("pdoc", "pyproject.toml"),
        ("pyodide", "package.json"),
        ("typescript", "package.json"),
        ("numpy", "wheels"),
    } <= found
    assert all(pin.version[0].isdigit() for pin in outdated.pins())


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ("314.0.7\n", "314.0.7"),
        ("numpy (2.4.6)\nAvailable versions: 2.4.6, 2.4.5\n  INSTALLED: 2.4.3\n", "2.4.6"),
        ("hash-wasm2 (4.13.0.post1)\n", "4.13.0.post1"),
        ("", ""),
    ],
)
def test_pip_s_and_npm_s_answers(answer: str, version: str) -> None:
    assert outdated.first_version(answer) == version


def test_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is behind, with the reason if there is one; what nobody answers for is unknown."""
    newest = {"numpy": "9.0", "new": "1.0", "mute": ""}
    monkeypatch.setattr(outdated, "newest", lambda pin: newest[pin.name])
    found = [Pin("numpy", "2.4", "wheels"), Pin("new", "1.0", "x"), Pin("mute", "1.0", "x")]
    monkeypatch.setattr(outdated, "pins", lambda: found)
    outdated.main()
    behind, unknown = capsys.readouterr().out.splitlines()
    assert behind.split()[:4] == ["numpy", "2.4", "9.0", "wheels"]
    assert behind.endswith(outdated.HELD["numpy"])
    assert unknown.split() == ["mute", "1.0", "unknown", "x"]
    found[:] = [Pin("new", "1.0", "x")]
    outdated.main()
    assert capsys.readouterr().out == "All pins are the newest versions.\n"


def test_npm_is_asked_for_npm_s_and_pip_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, "1.2.3\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    assert outdated.newest(Pin("pyodide", "1.0", "package.json")) == "1.2.3"
    assert outdated.newest(Pin("numpy", "1.0", "wheels")) == "1.2.3"
    assert asked[0] == ["npm", "view", "pyodide", "version"]
    assert asked[1][-3:] == ["index", "versions", "numpy"]
