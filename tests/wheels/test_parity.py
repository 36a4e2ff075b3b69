"""The wasm wheel against the native library over made tokenizers, and hypothesis' strings.

`make proof` (proof_parity.py) does the same with real files; the full run is recorded.
"""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.conftest import ROOT
from tests.wheels import compare, parity, subjects, texts
from tests.wheels.conftest import LOCK, wheel
from tests.wheels.interpreter import Interpreter

STRINGS = 1200
# Compared in the full run over 210,000 strings each.
REAL = {"bert-base-uncased", "cohere", "gpt-neox-20b", "gpt2", "phi-3", "simplestories", "smollm2"}
WORD = st.text(max_size=40) | st.text("ab '\n1é🦊", max_size=40)
WORDS = st.lists(WORD, min_size=30, max_size=60)


@cache
def subject(name: str) -> Tokenizer:
    if name == "default":
        return subjects.default()
    return subjects.made(name, list(filter(None, texts.own())))


@pytest.fixture(scope="module")
def work(tab: Interpreter) -> parity.Batches:
    made = parity.batches(texts.mixture(texts.TRAPS, texts.own(), STRINGS, seed=7))
    parity.send(tab, made)
    return made


@pytest.mark.browser
@pytest.mark.parametrize("name", ["default", *subjects.MADE])
def test_no_string_is_encoded_differently(
    tab: Interpreter, work: parity.Batches, name: str
) -> None:
    outcome = parity.compare_one(tab, name, subject(name), work)
    assert (outcome.strings, outcome.differences, outcome.examples) == (STRINGS, 0, [])


@pytest.mark.browser
@pytest.mark.parametrize("name", ["gpt-4o", "oniguruma", "unigram", "phi-3"])
def test_hypothesis_finds_no_difference(tab: Interpreter, work: parity.Batches, name: str) -> None:
    tokenizer = subject(name)
    parity.load(tab, tokenizer)

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(WORDS)
    def same(words: list[str]) -> None:
        digest = "compare.digest(tokenizer, _json.loads(words))"
        assert tab.run(digest, words=json.dumps(words)) == compare.digest(tokenizer, words)

    same()


@pytest.mark.browser
def test_recorded_prompts_have_the_recorded_ids(tab: Interpreter) -> None:
    cases = json.loads((ROOT / "tests/golden/greedy.json").read_text("utf-8"))["cases"]
    cases = [case for case in cases if isinstance(case["prompt"], str)]
    parity.load(tab, subject("default"))
    code = "[tokenizer.encode(text).ids for text in _json.loads(prompts)]"
    got = tab.run(code, prompts=json.dumps([case["prompt"] for case in cases]))
    assert got == [case["prompt_ids"] for case in cases]


def test_the_recorded_full_run_is_of_this_wheel_and_found_nothing() -> None:
    record = json.loads(parity.RESULTS.read_text(encoding="utf-8"))
    assert record["wheel_sha256"] == LOCK[wheel("tokenizers")]["sha256"]
    real = [one for one in record["outcomes"] if not one["tokenizer"].startswith("made/")]
    assert {one["tokenizer"].split("/")[0] for one in real} == REAL
    assert min(one["strings"] for one in real) >= 200_000
    assert sum(one["differences"] for one in record["outcomes"]) == 0
