"""What several tests of the conversion begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.convert import tiny


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tiny.write_checkpoint(tmp_path / "checkpoint", "llama")
