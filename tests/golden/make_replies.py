"""Makes replies.json: what transformers' parse_response makes of replies with thoughts and calls.

    python tests/golden/make_replies.py        needs: transformers

The templates are those that transformers itself has for Qwen and Qwen 3.5, whose tags Hermes,
SmolLM3 and others write too, and for Gemma 4.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import transformers
from transformers.cli.serving import utils
from transformers.utils.chat_parsing import parse_response

TARGET = Path(__file__).with_name("replies.json")
CALL = (
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Ulm", "days": [1, 2]}}\n</tool_call>'
)
XML = (
    "<tool_call>\n<function=weather>\n<parameter=city>\nUlm\n</parameter>\n<parameter=why>\n"
    "two\nlines\n</parameter>\n</function>\n</tool_call>"
)
GEMMA = '<|tool_call>call:weather{city:<|"|>Ulm "x"<|"|>,days:[1,2],now:true}<tool_call|>'
REPLIES = {
    "qwen3": [
        "Hello.",
        "<think>\nA fox?\n</think>\n\nA fox.",
        "<think>\n\n</think>\n\nA fox.",
        f"<think>\nI look.\n</think>\n\n{CALL}",
        f"I look.\n{CALL}\n{CALL}",
        CALL,
    ],
    "gemma4": [
        "Hello.",
        "<|channel>thought\nA fox?\n<channel|>A fox.",
        f"<|channel>thought\nI look.<channel|>{GEMMA}{GEMMA}",
        f"I look.{GEMMA}",
        "<|tool_call>call:now{}<tool_call|>",
    ],
    "qwen3_5": ["Hello.", f"<think>\nI look.\n</think>\n\n{XML}\n{XML}", f"I look.\n\n{XML}"],
}


def template(kind: str) -> dict[str, Any]:
    found = utils._RESPONSE_TEMPLATE_FALLBACKS
    return next(value for kinds, value in found.items() if kind in kinds)


def main() -> None:
    cases = [
        {
            "family": kind,
            "reply": reply,
            "message": parse_response(reply, template(kind), prefix=""),
        }
        for kind, replies in REPLIES.items()
        for reply in replies
    ]
    made = {"transformers": transformers.__version__, "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    TARGET.write_text(json.dumps({**made, "cases": cases}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
