"""Replies are read as transformers' parse_response reads them (tests/golden/make_replies.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from intab.engine.replies.messages import spoken
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.replying import marked, reciting

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "replies.json").read_text())
MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>")
GEMMA = ("<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", '<|"|>')


@pytest.mark.parametrize("number", range(len(GOLDEN["cases"])))
async def test_as_transformers(number: int) -> None:
    case: dict[str, Any] = GOLDEN["cases"][number]
    # Gemma's marks are special tokens: a text does not show them.
    is_gemma = case["family"] == "gemma4"
    marks = dict.fromkeys(GEMMA if is_gemma else MARKS, is_gemma)
    model = reciting(marked(byte_tokenizer_json(), marks), case["reply"])
    answer = await model.generate("?!")
    wanted = case["message"]
    assert answer.content == wanted.get("content", "")
    assert answer.thinking == wanted.get("reasoning_content", "")
    calls = [{"name": one.name, "arguments": one.arguments} for one in answer.tool_calls]
    assert calls == [one["function"] for one in wanted.get("tool_calls", [])]
    found = spoken("", answer.thinking, answer.content, answer.tool_calls, 0)
    assert set(found) <= {"content", "reasoning_content", "tool_calls"}
