"""A slice of the proof of docs/constrain.md: random schemas and expressions, and the
JSON-Schema-Test-Suite (suite.json, which make_suite.py wrote)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.native.constrain.judging import judge_expressions, judge_schemas
from tests.native.constrain.suite import Verdict, judge

SUITE = json.loads(Path(__file__).with_name("suite.json").read_text("utf-8"))
FILES = [name for name in SUITE if name != "licence"]


async def test_answers_to_random_schemas_are_valid() -> None:
    found = await judge_schemas(50)
    assert found.wrong == []
    assert found.finished >= 35


async def test_answers_to_random_expressions_match() -> None:
    found = await judge_expressions(50)
    assert found.wrong == []
    assert found.refused == 0
    assert found.finished >= 35


@pytest.mark.parametrize("file", FILES)
def test_what_the_suite_calls_invalid_is_refused(file: str) -> None:
    found = Verdict()
    for group in SUITE[file]:
        judge(found, file, group)
    assert found.wrong == []
    assert found.taken + found.refused.total() == len(SUITE[file])
    assert all(len(name) < 60 for name in found.refused)


def test_valid_instances_of_the_slice_are_accepted() -> None:
    found = Verdict()
    for file in FILES:
        for group in SUITE[file]:
            judge(found, file, group)
    assert (found.right[True], found.right[False]) == (296, 243)
    assert found.narrow == {
        "another order of keys, or whole numbers with a point": 12,
        "formats hold, and are no remark": 10,
        "format/time.json": 6,  # leap seconds
    }
    assert found.refused["not"] > 5
    assert found.refused["else/if/then"] > 3
