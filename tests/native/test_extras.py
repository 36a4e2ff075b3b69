"""What is not installed is said with packages that an index has; never with `intab[...]`."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from intab.native import extras
from tests.conftest import ROOT

# In a process where some packages cannot be imported, whatever is installed.
WITHOUT = """
import sys
for name in {names!r}:
    sys.modules[name] = None
{code}
"""
NATIVE = "Running models in CPython needs httpx, which is not installed; try: pip install 'httpx"


def run_without(names: list[str], code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT.format(names=names, code=code)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("names", "arguments", "says"),
    [
        (["starlette"], ["serve", "SITE"], "`intab serve` needs starlette, which is not installed"),
        (["rich"], ["convert", "x", "--out", "y"], "`intab convert` needs rich, which is not"),
        (["httpx"], ["storage", "list"], "`intab storage` needs httpx, which is not installed"),
    ],
)
def test_a_command_says_what_it_lacks(
    tmp_path: Path, names: list[str], arguments: list[str], says: str
) -> None:
    (tmp_path / "index.html").touch()
    arguments = [str(tmp_path) if word == "SITE" else word for word in arguments]
    code = f"from intab.cli.main import main; sys.exit(main({arguments!r}))"
    done = run_without(names, code)
    assert done.returncode == 1
    assert says in done.stderr
    assert "; try: pip install '" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["httpx", "onnxruntime"])
def test_loading_says_what_it_lacks(name: str) -> None:
    code = "import runpy; sys.argv = ['intab', 'x']; runpy.run_module('intab', run_name='__main__')"
    done = run_without([name], code)
    assert done.returncode == 1
    assert done.stderr.startswith(f"DeviceError: Running models in CPython needs {name}, which is")
    assert done.stderr.count("\n") == 1


def test_the_packages_are_those_of_the_extra() -> None:
    names = [re.split(r"[<>=!~]", wish)[0] for wish in extras.packages("serve")]
    assert sorted(names) == ["starlette", "uvicorn"]
    wanted = {"gguf", "httpx", "ml-dtypes", "onnx-ir", "onnxruntime", "rich", "safetensors"}
    assert {re.split(r"[<>=!~]", wish)[0] for wish in extras.packages("convert")} == wanted
    assert extras.packages("nothing") == []


def test_where_intab_is_not_installed_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_there(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", not_there)
    said = extras.advice("It", "serve", ImportError(name="uvicorn"))
    assert said == "It needs uvicorn, which is not installed; try: pip install 'uvicorn'"


def test_nothing_advises_a_package_that_is_on_no_index() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("app/**/*.py")]
    advising = [path for path in pages if "intab[" in path.read_text(encoding="utf-8")]
    assert advising == list[Path]()


def test_a_start_does_not_wait_for_chat_templates() -> None:
    """Jinja takes a browser as long to import as half of intab: the first chat imports it."""
    done = run_without(["jinja2"], "import intab; print(intab.__version__)")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{metadata.version('intab')}\n"
