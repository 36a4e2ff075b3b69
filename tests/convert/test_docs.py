"""What docs/convert.md shows can be run as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from intab.cli.main import main
from tests.conftest import ROOT
from tests.convert import tiny

TEXT = (ROOT / "docs" / "convert.md").read_text(encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny.write_checkpoint(tmp_path / "CHECKPOINT", "llama")
    (tmp_path / "TEXT").write_text("Once upon a time there was a text.")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_runs(here: Path) -> None:
    [command] = re.findall(r"^intab (convert CHECKPOINT .*)$", TEXT, re.MULTILINE)
    assert main(shlex.split(command)) == 0
    assert (here / "MODEL" / "intab.json").is_file()


def test_the_program_runs(here: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(program, "docs/convert.md", "exec"), {})  # noqa: S102
    assert (here / "MODEL" / "intab.json").is_file()


def test_the_table_of_dtypes_is_that_of_the_forms() -> None:
    from intab.convert.forms import FORMS

    for dtype, form in FORMS.items():
        row = next(line for line in TEXT.splitlines() if re.match(rf"\| [^|]*\b{dtype}\b", line))
        devices = ", ".join({"wasm": "wasm", "webgpu": "WebGPU"}[name] for name in form.devices)
        assert f"| {devices} |" in row
        assert row.endswith(f"| {form.attention} |")
