"""What the wheels' tests share: one server, one Chromium, and Pyodide with tokenizers in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright

from tests.wheels import interpreter
from tests.wheels.interpreter import Interpreter
from tests.wheels.serving import serve
from tools import browser as finder

LOCK: dict[str, dict[str, Any]] = json.loads(
    (interpreter.ROOT / "wheels" / "wheels.lock.json").read_text()
)["wheels"]


def wheel(name: str) -> str:
    """The file name of one of our wheels."""
    return next(file for file, entry in LOCK.items() if entry["name"] == name)


@pytest.fixture(scope="session")
def wheels_origin() -> Iterator[str]:
    interpreter.SCRATCH.mkdir(parents=True, exist_ok=True)
    with serve(interpreter.FOLDERS) as origin:
        yield origin


@pytest.fixture(scope="session")
def program() -> Path:
    """Found before Playwright starts, since the search may start it too."""
    return finder.find()


@pytest.fixture(scope="session")
def chromium(program: Path, playwright: Playwright) -> Iterator[Browser]:
    browser = interpreter.launch(playwright, program)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def bare(chromium: Browser, wheels_origin: str) -> Iterator[Interpreter]:
    """Pyodide with nothing installed."""
    with interpreter.start(chromium, wheels_origin) as tab:
        yield tab


@pytest.fixture(scope="module")
def tab(chromium: Browser, wheels_origin: str) -> Iterator[Interpreter]:
    """Pyodide with tokenizers."""
    with interpreter.start(chromium, wheels_origin) as started:
        started.load(wheel("tokenizers"))
        yield started
