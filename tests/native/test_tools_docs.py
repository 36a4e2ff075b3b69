"""The programs of docs/tools.md, as they are written there."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PROGRAMS = re.findall(
    r"^```python\n(.*?)^```",
    (ROOT / "docs" / "tools.md").read_text("utf-8"),
    re.DOTALL | re.MULTILINE,
)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_docs_ends_well(number: int) -> None:
    command = [sys.executable, "-c", PROGRAMS[number]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip()
    assert done.stderr == ""
