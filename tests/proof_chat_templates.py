"""Chat templates of published models: `make proof MATERIAL=FOLDER`.

The text is the recorded one to the character. tests/engine/text/test_templates.py has our
own templates.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from intab.engine.text.chat_template import render
from tests.wheels.material import MATERIAL

VECTORS = MATERIAL / "vectors" / "chat_templates.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text("utf-8"))["cases"]
# Its template prints the list of tools as it is, which is Python's repr in transformers and in
# ours; the recorded text has the JSON that the model was taught, which tools in JSON give.
PRINTS_ITS_TOOLS = "MadeAgents/Hammer2.1"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_recorded_text(case: dict[str, Any]) -> None:
    context = {"add_generation_prompt": False, **case["data"]}
    if case["name"] == PRINTS_ITS_TOOLS:
        context["tools"] = json.dumps(context["tools"])
    messages = context.pop("messages")
    assert render({"default": case["chat_template"]}, messages, {}, **context) == case["target"]


def test_there_are_35() -> None:
    assert len(CASES) == 35
