"""Entities, answers, masks and labels of texts equal transformers', on tiny checkpoints."""

from __future__ import annotations

import json
from typing import Any

import pytest

import intab
from intab.errors import IntabError
from tests.native.test_pipelines import GOLDEN, same

CASES = [
    case
    for name in ("reading.json", "answers.json")
    for case in json.loads((GOLDEN / name).read_text("utf-8"))["cases"]
]


@pytest.mark.filterwarnings("ignore:The target")
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["folder"]))
@pytest.mark.parametrize("size", [1, 4])
async def test_as_transformers(case: dict[str, Any], size: int) -> None:
    """One row at a time, and several."""
    pipe = await intab.pipeline(case["task"], GOLDEN / "pipelines" / case["folder"])
    for call in case["calls"]:
        if "result" in call:
            found = await pipe(*call["args"], **call["options"], batch_size=size)
            same(found, call["result"])
        else:
            with pytest.raises(IntabError):
                await pipe(*call["args"], **call["options"], batch_size=size)
    await pipe.close()
