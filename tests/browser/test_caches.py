"""Longrope, short convolutions and state spaces answer in a page as transformers do."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.browser.conftest import Stock
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.native.test_caches import OPTIONS, RECORDED, write_case

# One prompt after the other, one in pieces, and all at once.
PROGRAM = """
    import intab, json
    model = await intab.load({case!r}, device="wasm")
    prompts, options = json.loads({prompts!r}), json.loads({options!r})
    alone = [await model.generate(prompt, **options) for prompt in prompts]
    pieces = await model.generate(prompts[-1], prefill_chunk_size=4, **options)
    together = await model.generate(prompts, **options)
    print(json.dumps([[one.ids for one in found] for found in (alone, [pieces], together)]))
"""


@pytest.fixture(scope="module")
def visitor(returning: Returning, served: str, stock: Stock) -> Iterator[Visitor]:
    for case in RECORDED:
        write_case(stock(case), case)
    yield from visits(returning, served)


@pytest.mark.parametrize("case", RECORDED)
def test_answers_are_those_of_transformers(visitor: Visitor, case: str) -> None:
    prompts = json.dumps([one["prompt"] for one in RECORDED[case]])
    program = PROGRAM.format(case=case, prompts=prompts, options=json.dumps(OPTIONS))
    alone, [pieces], together = printed_json(visitor, program)
    wanted = [one["ids"] for one in RECORDED[case]]
    assert alone == wanted
    assert pieces == wanted[-1]
    assert together == wanted
