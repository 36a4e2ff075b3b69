"""A slice of the full comparison (`python -m tests.wheels.parity`), and hypothesis' strings."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.wheels import compare, parity, subjects, texts
from tests.wheels.conftest import LOCK, wheel
from tests.wheels.interpreter import MATERIAL, Interpreter

STRINGS = 1200
REAL = subjects.real_names(MATERIAL)
WORD = st.text(max_size=40) | st.text("ab '\n1é🦊", max_size=40)
WORDS = st.lists(WORD, min_size=30, max_size=60)


@cache
def subject(name: str) -> Tokenizer:
    if name in REAL:
        return subjects.real(MATERIAL, name)
    return subjects.made(name, parity.sample(1200))


@pytest.fixture(scope="module")
def work(tab: Interpreter) -> parity.Batches:
    made = parity.batches(texts.mixture(MATERIAL, STRINGS, seed=7))
    parity.send(tab, made)
    return made


@pytest.mark.browser
@pytest.mark.parametrize("name", [*REAL, *subjects.MADE])
def test_no_string_is_encoded_differently(
    tab: Interpreter, work: parity.Batches, name: str
) -> None:
    outcome = parity.compare_one(tab, name, subject(name), work)
    assert (outcome.strings, outcome.differences, outcome.examples) == (STRINGS, 0, [])


@pytest.mark.browser
@pytest.mark.parametrize("name", ["gpt-4o", "oniguruma", "unigram"])
def test_hypothesis_finds_no_difference(tab: Interpreter, work: parity.Batches, name: str) -> None:
    tokenizer = subject(name)
    parity.load(tab, tokenizer)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(WORDS)
    def same(words: list[str]) -> None:
        digest = "compare.digest(tokenizer, _json.loads(words))"
        assert tab.run(digest, words=json.dumps(words)) == compare.digest(tokenizer, words)

    same()


@pytest.mark.browser
def test_the_vectors_have_the_reference_ids(tab: Interpreter) -> None:
    """llama.cpp's own expected ids, for the vocabulary that is certainly the same here."""
    folder = MATERIAL / "vectors" / "llama.cpp"
    parity.load(tab, subject("phi-3/tokenizer.json"))
    wanted = (folder / "ggml-vocab-phi-3.gguf.out").read_text().splitlines()
    source = (folder / "ggml-vocab-phi-3.gguf.inp").read_text()
    strings = source.split("\n__ggml_vocab_test__\n")[:-1]
    code = "[tokenizer.encode(t, add_special_tokens=False).ids for t in _json.loads(strings)]"
    got = tab.run(code, strings=json.dumps(strings))
    assert got == [[int(token) for token in line.split()] for line in wanted]


def test_the_recorded_full_run_is_of_this_wheel_and_found_nothing() -> None:
    record = json.loads(parity.RESULTS.read_text(encoding="utf-8"))
    assert record["wheel_sha256"] == LOCK[wheel("tokenizers")]["sha256"]
    real = [one for one in record["outcomes"] if not one["tokenizer"].startswith("made/")]
    assert {one["tokenizer"] for one in real} == set(REAL)
    assert min(one["strings"] for one in real) >= 200_000
    assert sum(one["differences"] for one in record["outcomes"]) == 0
