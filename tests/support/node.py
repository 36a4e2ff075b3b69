"""Runs the project's own JavaScript modules in Node.js."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.conftest import ROOT

# Not as an argument: the system takes none of more than 128 KiB.
READ = """
import { readFileSync as readGiven } from "node:fs";
process.argv[1] = readGiven(0, "utf8");
"""


def run_node(program: str, given: Any) -> Any:
    """What a module's text prints as JSON; `given` is its process.argv[1], as JSON too."""
    command = ["node", "--input-type=module", "-e", READ + program]
    return json.loads(
        subprocess.check_output(command, cwd=ROOT, text=True, input=json.dumps(given))
    )
