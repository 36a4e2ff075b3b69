"""Answers that are cut end with a whole character, with a token for each byte."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.support.constrained import make_toy

LONG = {"type": "array", "items": {"type": "string", "pattern": "^[é漢😀]{4}$"}, "minItems": 2}
FORMS: dict[str, dict[str, Any]] = {
    "json_schema": {"json_schema": LONG},
    "regex": {"regex": "[é漢\U0001f600-\U0001f640]{3,9}"},
    "grammar": {"grammar": 'start: /[éü漢]/ start | "😀"'},
}
WAYS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "sampled": {"seed": 3, "temperature": 1.5},
    "beams": {"num_beams": 3},
    "several": {"num_return_sequences": 3, "seed": 1, "do_sample": True},
    "log-probabilities": {"logprobs": True},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", WAYS)
async def test_no_answer_ends_within_a_character(form: str, way: str) -> None:
    model, _ = make_toy()
    for most in range(1, 14):
        options = {**FORMS[form], **WAYS[way], "max_new_tokens": most}
        found: Any = await model.generate(["A", "b"], **options)
        answers = [one for each in found for one in (each if isinstance(each, list) else [each])]
        assert all("\ufffd" not in answer.text for answer in answers)
        assert {answer.finish_reason for answer in answers} <= {"length", "stop", "eos"}


@pytest.mark.parametrize("form", FORMS)
async def test_no_chunk_has_part_of_a_character(form: str) -> None:
    model, _ = make_toy()
    for most in range(1, 14):
        chunks = [c.text async for c in model.stream("A", max_new_tokens=most, **FORMS[form])]
        whole = await model.generate("A", max_new_tokens=most, **FORMS[form])
        assert "".join(chunks) == whole.text
        assert "\ufffd" not in whole.text
