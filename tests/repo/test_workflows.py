"""The workflows: valid, with few rights, over the versions we promise, with commands that exist."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.repo import commands

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ALL = [*WORKFLOWS, ROOT / "deploy/github-pages.yml"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
each_workflow = pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)


def read(path: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return content


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job.get("steps", [])


def test_there_are_workflows_for_changes_and_for_releases() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]


@each_workflow
def test_a_workflow_may_read_and_little_else(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"]["contents"] == "read"
    writing = [name for name, job in workflow["jobs"].items() if "permissions" in job]
    assert writing == (["release"] if path.name == "release.yml" else [])


@each_workflow
def test_actions_have_versions_and_are_github_s_own(path: Path) -> None:
    for step in steps(read(path)):
        if used := step.get("uses"):
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", used), used
    for job in read(path)["jobs"].values():
        if used := job.get("uses"):
            assert (ROOT / used).is_file()


@each_workflow
def test_what_a_workflow_runs_exists(path: Path) -> None:
    for step in steps(read(path)):
        command = step.get("run", "")
        assert commands.unknown(command) == []
        for script in re.findall(r"(?:^|\s)(\.ci/\w+)", command):
            assert os.access(ROOT / script, os.X_OK)
        for tests in re.findall(r"-m pytest (\S+)", command):
            assert (ROOT / tests).exists()
        for extras in re.findall(r'"\.\[([\w,]+)\]"', command):
            assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])


def test_the_pure_part_runs_everywhere() -> None:
    matrix = read(ROOT / ".github/workflows/ci.yml")["jobs"]["pure"]["strategy"]["matrix"]
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    promised = [
        found[1]
        for line in PROJECT["classifiers"]
        if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line))
    ]
    assert matrix["python"] == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"


def test_a_release_waits_for_all_tests_and_hands_out_all_files() -> None:
    jobs = read(ROOT / ".github/workflows/release.yml")["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert jobs["release"]["needs"] == "test"
    published = jobs["release"]["steps"][-1]["run"]
    for name in ("dist/*.whl", "dist/*.tar.gz", "dist/site.tar", "dist/SHA256SUMS"):
        assert name in published.split()


def test_hooks_are_local_and_run_what_make_check_runs() -> None:
    config = read(ROOT / ".pre-commit-config.yaml")
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert all(commands.unknown(hook["entry"]) == [] for hook in hooks)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for hook in hooks:
        command = hook["entry"].partition(" --")[0].replace(".venv/bin/python", "$(PY)")
        assert command.startswith(("$(PY) -m ", "node_modules/.bin/"))
        assert f"@{command}" in makefile
