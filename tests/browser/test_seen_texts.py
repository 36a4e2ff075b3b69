"""Texts with pictures in them, in a real browser: on wasm and on a GPU as transformers answers."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.browser.conftest import Stock
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor
from tests.native.test_seen_texts import CALLS, DRAWING, FOLDER

TALKING = """
import intab, json

pipe = await intab.pipeline("image-text-to-text", "seen", device={device!r})
found = []
for call in json.loads({calls!r}):
    pictures = [drawing(*SIZES[name], 3) for name in call["pictures"]]
    if isinstance(call["prompt"], str):
        given = {{"images": pictures, "text": call["prompt"]}}
    else:
        left = iter(pictures)
        for part in (p for m in call["prompt"] for p in m["content"] if isinstance(p, dict)):
            if part["type"] == "image":
                part["image"] = next(left)
        given = {{"text": call["prompt"]}}
    answers = await pipe(**given, **call["options"], return_tensors=True)
    found.append([one["generated_token_ids"] for one in answers])
print(json.dumps([found, pipe.device.partition(",")[0]]))
await pipe.close()
"""


@pytest.fixture(scope="module")
def address(stock: Stock, served: str) -> str:
    shutil.copytree(FOLDER, stock("seen"))
    return served


# A GPU in software is slow: two pictures, one of them in tiles.
SOME = [CALLS[3]]


@pytest.mark.parametrize(("device", "recorded"), [("wasm", CALLS), ("webgpu", SOME)])
def test_as_transformers(
    request: pytest.FixtureRequest, device: str, recorded: list[dict[str, Any]]
) -> None:
    visitor: Visitor = request.getfixturevalue(f"on_{device}")
    calls = [{**call, "ids": 0, "result": 0} for call in recorded]
    for call in calls:
        call["options"] = {k: v for k, v in call["options"].items() if k != "return_full_text"}
    program = DRAWING + TALKING.format(calls=json.dumps(calls), device=device)
    found, ran = printed_json(visitor, program)
    assert ran == device
    assert found == [call["ids"] for call in recorded]
