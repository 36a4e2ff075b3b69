"""Programs that compute something in the page and print it as JSON for the test to compare."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.browser.visitor import Visitor


def printed_json(visitor: Visitor, program: str) -> Any:
    """Run a program that prints JSON; if it fails, so does the test, with what the page shows."""
    visitor.start(program)
    visitor.expect_state("ready", "error")
    printed = visitor.printed()
    if visitor.status.get_attribute("data-state") == "error":
        pytest.fail(f"in the page: {printed}", pytrace=False)
    return json.loads(printed)
