"""Set-up: everything is pinned, nothing is addressed, what a machine lacks is one sentence."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools import browser, nginx

VERBS = {"help", "serve", "test", "faults", "check", "site", "bench", "picture", "firefox"}
VERBS |= {"families", "wheels", "wheels-check", "model", "proof"}
# make tells its children that they are its children; a make of our own must not hear of it.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


def test_make_alone_prints_the_verbs() -> None:
    printed = subprocess.check_output(["make"], cwd=ROOT, text=True, env=CLEAN)
    assert {line.split()[0] for line in printed.splitlines()} == VERBS


def test_ci_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("make test")


def test_npm_packages_are_pinned_without_addresses() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in entry for entry in lock.values())
    assert all("integrity" in entry for path, entry in lock.items() if path)


def test_development_packages_are_pinned() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\d.]+", wish) for wish in extras["dev"])


def write_program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def need(kind: str, *arguments: str, path: Path) -> tuple[int, str]:
    command = ["/bin/sh", str(ROOT / "tools/need.sh"), kind, *arguments]
    done = subprocess.run(
        command, env={"PATH": str(path)}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


OLD_PYTHON = 'case "$*" in *version_info*) exit 1;; *) echo "Python 3.9.2";; esac'
NO_VENV = 'case "$*" in *ensurepip*) exit 1;; esac'
OLD_NODE = 'case "$1" in -e) exit 1;; *) echo v18.1.0;; esac'


@pytest.mark.parametrize(
    ("asked", "programs", "said"),
    [
        (["python", "python3"], {}, "python3 is not there"),
        (["python", "python3"], {"python3": OLD_PYTHON}, "python3 is Python 3.9.2"),
        (["python", "python3"], {"python3": NO_VENV}, "apt-get install python3-venv"),
        (["node"], {}, "node is not there"),
        (["node"], {"node": OLD_NODE}, "Node.js 20 or newer is needed and node is v18.1.0"),
        (["node"], {"node": "exit 0"}, "npm is needed"),
    ],
)
def test_what_is_missing_or_too_old_is_one_sentence(
    tmp_path: Path, asked: list[str], programs: dict[str, str], said: str
) -> None:
    for name, text in programs.items():
        write_program(tmp_path, name, text)
    status, message = need(*asked, path=tmp_path)
    assert status == 1
    assert said in message
    assert len(message.splitlines()) == 1


def test_a_second_make_serve_starts_within_three_seconds() -> None:
    subprocess.run(["make", "site"], cwd=ROOT, check=True, env=CLEAN)
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "serve", "ARGS=--port 0"], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=CLEAN,
        process_group=0,
    )  # fmt: skip
    with process:
        lines = iter(process.stdout or ())
        assert any(line.startswith("The page is at http://127.0.0.1:") for line in lines)
        took = time.monotonic() - began
        os.killpg(process.pid, 15)
    assert took < 3


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with nothing remembered, nothing to download and no apt."""
    monkeypatch.delenv("INTAB_CHROMIUM", raising=False)
    monkeypatch.setattr(browser, "REMEMBERED", tmp_path / "build" / "browser.path")
    monkeypatch.setattr(browser, "SOURCES", (browser.the_machines, browser.from_apt))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "USUAL", ("chromium",))


def test_a_named_browser_is_taken_or_refused(
    no_browser: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_program(tmp_path, "mine", "exit 0")
    monkeypatch.setenv("INTAB_CHROMIUM", str(tmp_path / "mine"))
    assert browser.find() == tmp_path / "mine"
    write_program(tmp_path, "mine", "exit 127")
    with pytest.raises(browser.BrowserError, match="which does not start"):
        browser.find()


def test_a_found_browser_is_remembered(no_browser: None, tmp_path: Path) -> None:
    write_program(tmp_path, "chromium", "exit 0")
    assert browser.find() == tmp_path / "chromium"
    assert browser.REMEMBERED.read_text() == str(tmp_path / "chromium")
    write_program(tmp_path, "chromium", "exit 1")  # not tried again
    assert browser.find() == tmp_path / "chromium"


def test_no_browser_at_all_is_one_sentence(
    no_browser: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_program(tmp_path, "chromium", "exit 127")  # there, but lacks its libraries
    assert browser.main() == 1
    said = capsys.readouterr().err
    assert "INTAB_CHROMIUM=/path/to/chromium" in said
    assert len(said.splitlines()) == 1


def test_playwrights_own_is_downloaded_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []

    def download(command: list[str], **_: object) -> bool:
        commands.append(command)
        write_program(tmp_path, "chrome", "exit 0")
        return True

    monkeypatch.setattr(browser, "_playwrights_path", lambda: tmp_path / "chrome")
    monkeypatch.setattr(browser, "_quietly", download)
    for _ in range(2):
        assert list(browser.playwrights_own()) == [tmp_path / "chrome"]
    assert [command[1:] for command in commands] == [["-m", "playwright", "install", "chromium"]]


def test_apt_is_the_last_resort_and_for_root(
    no_browser: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installs = f'case "$1" in install) /bin/cp {tmp_path}/apt-get {tmp_path}/chromium;; esac'
    write_program(tmp_path, "apt-get", installs)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert list(browser.from_apt()) == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert browser.find() == tmp_path / "chromium"


def test_without_nginx_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(nginx, "MODULE", "usr/lib/nothing.so")
    monkeypatch.setattr(nginx, "UNPACKED", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nginx.main() == 1
    said = capsys.readouterr().err
    assert "apt-get install nginx libnginx-mod-http-brotli-static" in said
    assert len(said.splitlines()) == 1


def test_nginx_is_unpacked_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    monkeypatch.setattr(nginx, "MODULE", "usr/lib/module.so")
    monkeypatch.setattr(nginx, "UNPACKED", unpacked)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    write_program(tmp_path, "apt-get", "touch a.deb")
    makes = "mkdir -p usr/sbin usr/lib && touch usr/sbin/nginx usr/lib/module.so"
    write_program(tmp_path, "dpkg", makes)
    assert nginx.find().program == unpacked / "usr/sbin/nginx"


def test_a_command_that_hangs_or_is_not_there_is_a_plain_no(tmp_path: Path) -> None:
    write_program(tmp_path, "hangs", "exec /bin/sleep 60")
    assert not browser._quietly([str(tmp_path / "hangs")], seconds=0.1)
    assert not browser._quietly([str(tmp_path / "nothing")], seconds=1)
