"""Models whose caches are not all rows of tokens, or do not hold for ever, answer as transformers.

The right answers are in tests/golden/caches.json: longrope (Phi-3) on both sides of its switch and
over it, LFM2's short convolutions, Mamba's state spaces. Each in every way that a prompt comes in.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import intab
from intab.convert.converter import Request, convert
from intab.engine.generation.batch import Job
from intab.engine.model import Model
from tests.conftest import ROOT
from tests.convert import tiny
from tests.support.hybrids import write_hybrid

RECORDED = json.loads((ROOT / "tests/golden/caches.json").read_text(encoding="utf-8"))["cases"]
OPTIONS: dict[str, Any] = {"max_new_tokens": 16, "do_sample": False, "eos_token_id": []}


def write_case(folder: Path, case: str) -> Path:
    """The case's model folder."""
    if case != "longrope":
        return write_hybrid(folder, case)
    convert(Request(tiny.write_checkpoint(folder.parent / "phi3", "phi3"), folder, ("fp32",)))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {case: write_case(tmp_path_factory.mktemp(case) / case, case) for case in RECORDED}


def job_of(model: Model, prompt: list[int]) -> Job:
    return model._job(prompt, OPTIONS, {})


@pytest.mark.parametrize("piece", [512, 4])
@pytest.mark.parametrize("case", RECORDED)
async def test_one_prompt_at_a_time(folders: dict[str, Path], case: str, piece: int) -> None:
    model, recorded = await intab.load(str(folders[case])), RECORDED[case]
    for one in recorded:
        answer = await model.generate(one["prompt"], prefill_chunk_size=piece, **OPTIONS)
        assert list(answer.ids) == one["ids"]


@pytest.mark.parametrize("case", RECORDED)
async def test_prompts_of_different_lengths_at_once(folders: dict[str, Path], case: str) -> None:
    model, recorded = await intab.load(str(folders[case])), RECORDED[case]
    answers = await model.generate([one["prompt"] for one in recorded], **OPTIONS)
    assert [list(answer.ids) for answer in answers] == [one["ids"] for one in recorded]


@pytest.mark.parametrize("case", RECORDED)
async def test_several_answers_of_one_prompt(folders: dict[str, Path], case: str) -> None:
    model, recorded = await intab.load(str(folders[case])), RECORDED[case]
    for one in recorded:
        best = await model.generate(one["prompt"], num_beams=2, num_return_sequences=1, **OPTIONS)
        again = await model.generate(one["prompt"], num_beams=2, num_return_sequences=2, **OPTIONS)
        assert best[0].ids == again[0].ids


@pytest.mark.parametrize("case", RECORDED)
async def test_a_session_that_is_rewound_and_forked(folders: dict[str, Path], case: str) -> None:
    """As a chat does: from one prompt's answer to the next prompt, and back."""
    model, recorded = await intab.load(str(folders[case])), RECORDED[case]
    network = model._decoder
    assert network is not None
    session, known = network.session(), list[int]()
    for one in [*recorded, *recorded[::-1]]:
        prompt = one["prompt"]
        shared = [a == b for a, b in zip(known, prompt, strict=False)]
        await session.rewind(min([*shared, False].index(False), len(prompt) - 1))
        fork = session.fork()
        for each in (session, fork):
            chunks = [chunk async for chunk in model._run(each, job_of(model, prompt))]
            assert [token for chunk in chunks for token in chunk.ids] == one["ids"]
        fork.close()
        known = [*prompt, *one["ids"]][: session.length]
    session.close()


async def test_guesses_change_nothing(folders: dict[str, Path]) -> None:
    model = await intab.load(str(folders["longrope"]))
    for one in RECORDED["longrope"]:
        answer = await model.generate(one["prompt"], prompt_lookup_num_tokens=4, **OPTIONS)
        assert list(answer.ids) == one["ids"]
