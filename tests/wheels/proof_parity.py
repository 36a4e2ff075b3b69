"""The wasm wheel against the native library over real files: `make proof MATERIAL=FOLDER`.

A slice of the full comparison (`python -m tests.wheels.parity`).
"""

from __future__ import annotations

import json

import pytest
from tokenizers import Tokenizer

from tests.wheels import parity, subjects, texts
from tests.wheels.interpreter import SCRATCH, Interpreter
from tests.wheels.material import CORPORA, LLAMA_CPP, TOKENIZERS

STRINGS = 1200
REAL = subjects.real_names(TOKENIZERS)
NEGATIVE = sorted(path.parent.name for path in TOKENIZERS.glob("negative/*/tokenizer.json"))
ATTEMPT = """
from tokenizers import Tokenizer
try:
    seen = str(Tokenizer.from_file("/bad.json"))
except Exception as error:
    seen = str(error)
seen
"""


@pytest.fixture(scope="module")
def work(tab: Interpreter) -> parity.Batches:
    strings = texts.mixture(texts.vectors(LLAMA_CPP), texts.corpus(CORPORA), STRINGS, seed=7)
    made = parity.batches(strings)
    parity.send(tab, made)
    return made


@pytest.mark.browser
@pytest.mark.parametrize("name", REAL)
def test_no_string_is_encoded_differently(
    tab: Interpreter, work: parity.Batches, name: str
) -> None:
    outcome = parity.compare_one(tab, name, subjects.real(TOKENIZERS, name), work)
    assert (outcome.strings, outcome.differences, outcome.examples) == (STRINGS, 0, [])


@pytest.mark.browser
def test_the_vectors_have_the_reference_ids(tab: Interpreter) -> None:
    """llama.cpp's own expected ids, for the vocabulary that is certainly the same here."""
    parity.load(tab, subjects.real(TOKENIZERS, "phi-3/tokenizer.json"))
    wanted = (LLAMA_CPP / "ggml-vocab-phi-3.gguf.out").read_text().splitlines()
    source = (LLAMA_CPP / "ggml-vocab-phi-3.gguf.inp").read_text()
    strings = source.split("\n__ggml_vocab_test__\n")[:-1]
    code = "[tokenizer.encode(t, add_special_tokens=False).ids for t in _json.loads(strings)]"
    got = tab.run(code, strings=json.dumps(strings))
    assert got == [[int(token) for token in line.split()] for line in wanted]


@pytest.mark.browser
@pytest.mark.parametrize("name", NEGATIVE)
def test_a_file_that_the_library_refuses_is_refused_alike(tab: Interpreter, name: str) -> None:
    bad = (TOKENIZERS / "negative" / name / "tokenizer.json").read_bytes()
    with pytest.raises(Exception) as native:  # noqa: PT011 - any; it is compared
        Tokenizer.from_str(bad.decode())
    # A name of its own: the browser keeps what it fetched a moment ago.
    (SCRATCH / f"{name}.json").write_bytes(bad)
    tab.fetch(f"/scratch/{name}.json", "/bad.json")
    assert tab.run(ATTEMPT) == str(native.value)
