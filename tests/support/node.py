"""Runs the project's own JavaScript modules in Node.js."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.conftest import ROOT


def run_node(program: str, given: Any) -> Any:
    """What a module's text prints as JSON; `given` is its process.argv[1], as JSON too."""
    command = ["node", "--input-type=module", "-e", program, json.dumps(given)]
    return json.loads(subprocess.check_output(command, cwd=ROOT, text=True))
