"""The program of docs/constrain.md, as it is written there."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from tests.conftest import ROOT


def test_the_program_says_what_it_asked_for() -> None:
    text = (ROOT / "docs" / "constrain.md").read_text("utf-8")
    [program] = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    first, *others = done.stdout.splitlines()
    assert done.stderr == ""
    if len(others) == 2:
        animal = json.loads(first)
        assert list(animal) == ["kind", "legs", "friends"]
        assert others[0] == f"{animal['kind']} {animal['legs']}"
    assert re.fullmatch(r" (happy|sad) [01]\d:[0-5]\d", others[-1])
