"""The default model in the real page, token for token what transformers' own greedy loop gave.

tests/golden/make_greedy.py recorded the ids, with native onnxruntime in place of the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.conftest import ROOT

CASES: list[dict[str, Any]] = json.loads((ROOT / "tests/golden/greedy.json").read_text("utf-8"))[
    "cases"
]
LONGEST = max(len(case["greedy_ids"]) for case in CASES)


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    yield from visits(returning, served)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_ids_of_a_golden_prompt(opened: Visitor, case: dict[str, Any]) -> None:
    program = f"""
        import intab, json
        model = await intab.load("default")
        prompt = {case["prompt"]!r}
        answer = await model.generate(prompt, do_sample=False, max_new_tokens={LONGEST})
        print(json.dumps([model.encode(prompt), answer.ids]))
    """
    assert printed_json(opened, program) == [case["prompt_ids"], case["greedy_ids"]]


def test_there_are_ten_prompts_in_text_and_in_messages() -> None:
    kinds = [type(case["prompt"]) for case in CASES]
    assert len(kinds) >= 10
    assert set(kinds) == {str, list}
