"""JavaScript has the engine's own values."""

from __future__ import annotations

from tools import constants


def test_the_module_is_as_the_engine_has_it() -> None:
    """If not: `python -m tools.constants`."""
    assert constants.PATH.read_text("utf-8") == constants.text()
