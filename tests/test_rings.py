"""The folder says what may be imported in it. rings.py has the rules."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tests.rings import RINGS, violations

PACKAGE = Path(__file__).resolve().parents[1] / "app" / "intab"
SOURCES = [
    PurePosixPath(path.relative_to(PACKAGE).as_posix()) for path in sorted(PACKAGE.rglob("*.py"))
]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_source_keeps_to_its_ring(path: PurePosixPath) -> None:
    assert violations(path, (PACKAGE / path).read_text(encoding="utf-8")) == []


def test_every_ring_has_sources() -> None:
    folders = {path.parts[0] for path in SOURCES if len(path.parts) > 1}
    assert folders == set(RINGS) - {"", "errors"}


WRONG = [
    ("engine/a.py", "import js"),
    ("engine/a.py", "from pyodide.ffi import to_js"),
    ("engine/a.py", "def f():\n    import onnxruntime"),
    ("engine/a.py", "import os.path"),
    ("engine/a.py", "from pathlib import Path"),
    ("engine/a.py", "import urllib.request"),
    ("engine/a.py", "from urllib.request import urlopen"),
    ("engine/a.py", "open('x')"),
    ("engine/a.py", "import io\nio.open('x')"),
    ("engine/a.py", "import requests"),
    ("engine/a.py", "from intab.browser import onnx"),
    ("engine/a.py", "from intab import browser"),
    ("engine/a.py", "from intab.native.onnx import Session"),
    ("engine/a.py", "from ..browser import onnx"),
    ("engine/a.py", "from .. import cli"),
    ("engine/a.py", "from intab.cli import serve"),
    ("engine/sub/a.py", "from ...page import x"),
    ("errors.py", "from intab.engine import model"),
    ("browser/a.py", "import onnxruntime"),
    ("browser/a.py", "from intab.native import fetch"),
    ("browser/a.py", "from intab.page import main"),
    ("native/a.py", "import js"),
    ("native/a.py", "from intab.browser import fetch"),
    ("native/a.py", "from intab.cli import serve"),
    ("page/a.py", "from intab.native import fetch"),
    ("page/a.py", "from intab.cli import serve"),
    ("cli/a.py", "import pyodide"),
    ("cli/a.py", "from intab.browser import fetch"),
    ("platform.py", "import js"),
    ("browser/a.py", "import js\njs.eval('1')"),
    ("browser/a.py", "import js\njs.Function('return 1')"),
    ("browser/a.py", "from pyodide.code import run_js\nrun_js('1')"),
    ("browser/a.py", "x = 'const a = 1; a'"),
    ("browser/a.py", "x = '(event) => {event.data}'"),
    ("page/a.py", "x = 'function f() {}'"),
    ("page/a.py", "x = f'import({1})'"),
]


@pytest.mark.parametrize(("path", "source"), WRONG)
def test_what_breaks_a_ring_is_found(path: str, source: str) -> None:
    assert violations(PurePosixPath(path), source)


RIGHT = [
    ("engine/a.py", "import json, math\nfrom urllib.parse import quote\nimport numpy as np"),
    ("engine/a.py", "from intab.engine.model import Model\nfrom intab.errors import RunError"),
    ("engine/a.py", "from . import model\nfrom .model import Model"),
    ("engine/a.py", "import jinja2.sandbox\nimport tokenizers"),
    ("engine/a.py", "eval(compile('1', 'program.py', 'eval'))"),
    ("browser/a.py", "import js\nfrom pyodide.ffi import to_js\nfrom intab.engine import load"),
    ("native/a.py", "import onnxruntime, httpx, pathlib\nopen('x')"),
    ("page/a.py", "from intab.browser.worker import Wire\nimport intab"),
    ("platform.py", "from intab.browser.runtime import BrowserRuntime"),
    ("browser/a.py", '"""A docstring may say (x) => {y}."""'),
]


@pytest.mark.parametrize(("path", "source"), RIGHT)
def test_what_keeps_to_its_ring_passes(path: str, source: str) -> None:
    assert violations(PurePosixPath(path), source) == []


def test_a_new_folder_needs_a_ring() -> None:
    with pytest.raises(ValueError, match="no ring"):
        violations(PurePosixPath("utils/a.py"), "")
