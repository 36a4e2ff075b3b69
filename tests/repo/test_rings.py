"""The folder says what may be imported in it. rings.py has the rules."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

import pytest

from tests.conftest import ROOT
from tests.repo.rings import PACKAGES, RINGS, violations

PACKAGE = ROOT / "app" / "intab"
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
    ("engine/model.py", "import js"),
    ("engine/model.py", "from pyodide.ffi import to_js"),
    ("engine/model.py", "def f():\n    import onnxruntime"),
    ("engine/model.py", "import os.path"),
    ("engine/model.py", "from pathlib import Path"),
    ("engine/model.py", "import urllib.request"),
    ("engine/model.py", "from urllib.request import urlopen"),
    ("engine/model.py", "open('x')"),
    ("engine/model.py", "import io\nio.open('x')"),
    ("engine/model.py", "import requests"),
    ("engine/model.py", "from intab.browser import onnx"),
    ("engine/model.py", "from intab import browser"),
    ("engine/model.py", "from intab.native.onnx import Session"),
    ("engine/model.py", "from ..browser import onnx"),
    ("engine/model.py", "from .. import cli"),
    ("engine/model.py", "from intab.cli import serve"),
    ("engine/io/a.py", "from ...page import x"),
    ("engine/hub/a.py", "from intab.engine.storage.keys import x"),
    ("engine/io/a.py", "from intab.engine import model"),
    ("engine/io/a.py", "from ..hub import locate"),
    ("engine/runtime/a.py", "from intab.engine import generation"),
    ("engine/generation/a.py", "import intab.engine.loading.load"),
    ("engine/other.py", "import json"),
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
    ("engine/model.py", "import json, math\nfrom urllib.parse import quote\nimport numpy as np"),
    ("engine/model.py", "from intab.engine.types import Logits\nfrom intab.errors import RunError"),
    ("engine/model.py", "from . import text\nfrom .text.prompts import x"),
    ("engine/model.py", "import jinja2.sandbox\nimport tokenizers"),
    ("engine/model.py", "eval(compile('1', 'program.py', 'eval'))"),
    (
        "engine/hub/a.py",
        "from . import locate\nfrom ..io.retry import x\nfrom intab.engine import io",
    ),
    ("browser/a.py", "import js\nfrom pyodide.ffi import to_js\nfrom intab.engine import load"),
    ("native/a.py", "import onnxruntime, httpx, pathlib\nopen('x')"),
    ("page/a.py", "from intab.browser.worker import Wire\nimport intab"),
    ("platform.py", "from intab.browser.runtime import BrowserRuntime"),
    ("browser/a.py", '"""A docstring may say (x) => {y}."""'),
]


@pytest.mark.parametrize(("path", "source"), RIGHT)
def test_what_keeps_to_its_ring_passes(path: str, source: str) -> None:
    assert violations(PurePosixPath(path), source) == []


def test_the_order_of_the_packages_has_no_circle() -> None:
    """Each row names rows above it alone, so that whoever reads from the top meets nothing new."""
    met: set[str] = set()
    for package, others in PACKAGES.items():
        assert others <= met, f"{package} imports what stands below it: {sorted(others - met)}"
        met.add(package)


def test_every_package_has_a_row() -> None:
    parts = {path.parts[1].removesuffix(".py") for path in SOURCES if path.parts[0] == "engine"}
    assert parts - {"__init__"} == set(PACKAGES)


@pytest.mark.parametrize(
    "package", [name for name in PACKAGES if (PACKAGE / "engine" / name).is_dir()]
)
def test_a_package_says_what_lies_in_it(package: str) -> None:
    folder = PACKAGE / "engine" / package
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    told = {line.split()[0] for line in said.splitlines() if re.match(r"\w+ {2,}", line)}
    assert told == {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_a_new_folder_needs_a_ring() -> None:
    with pytest.raises(ValueError, match="no ring"):
        violations(PurePosixPath("utils/a.py"), "")
