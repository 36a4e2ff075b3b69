"""GroupQueryAttention, as most graphs of small models have it, gives what plain operators give.

It has no place for padding on the left, and some graphs hide that; a prompt in pieces, guesses,
batches and beams must come out right all the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import intab
from tests.support.llama import GROUPED, write_llama

PROMPTS = ["Once upon a time there was", "abc", "Hello"]
OPTIONS: dict[str, Any] = {"do_sample": False, "max_new_tokens": 10, "eos_token_id": []}


@pytest.mark.parametrize("attention", ["grouped", "positioned"])
async def test_all_is_as_with_plain_operators(attention: str, tmp_path: Path) -> None:
    plain = await intab.load(str(write_llama(tmp_path / "plain", GROUPED)))
    model = await intab.load(str(write_llama(tmp_path / "grouped", GROUPED, attention)))
    wanted = [(await plain.generate(prompt, **OPTIONS)).ids for prompt in PROMPTS]
    for passed in ({}, {"prefill_chunk_size": 5}, {"prompt_lookup_num_tokens": 0}):
        found = [(await model.generate(prompt, **OPTIONS, **passed)).ids for prompt in PROMPTS]
        assert found == wanted
    assert [one.ids for one in await model.generate(PROMPTS, **OPTIONS)] == wanted
    beams = [
        await each.generate(PROMPTS[0], num_beams=3, num_return_sequences=3, **OPTIONS)
        for each in (plain, model)
    ]
    for one, other in zip(*beams, strict=True):
        assert one.ids == other.ids
        assert one.score == pytest.approx(other.score, abs=1e-4)
