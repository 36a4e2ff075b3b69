"""Batches, beams and sampling in CPython are transformers' own, as recorded.

tests/golden/make_generation.py recorded them: the default model with onnxruntime under
transformers' loops, and a small random Llama with torch. tests/browser/test_reference.py has the
same in a page.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import intab
from tests.conftest import ROOT
from tests.engine.support.reference import differences
from tests.support.llama import TINY, write_llama

GOLDEN: dict[str, Any] = json.loads((ROOT / "tests/golden/generation.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["default", "tiny"])
async def test_all_is_as_recorded(name: str, tmp_path: Path) -> None:
    folder = ROOT / "models/default" if name == "default" else write_llama(tmp_path / "m", TINY)
    model = await intab.load(str(folder))
    assert await differences(model, GOLDEN["models"][name]) == []


def test_the_recorded_answers_end_in_every_way() -> None:
    for recorded in GOLDEN["models"].values():
        lengths = {len(ids) for case in recorded["beams"] for ids in case["ids"]}
        assert max(lengths) == recorded["max_new_tokens"]
        assert min(lengths) < recorded["max_new_tokens"]
        assert len(recorded["beams"]) >= 20
        assert len(recorded["sampled"]) >= 4
