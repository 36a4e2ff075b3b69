"""Training, batches, streams, added tokens, copies and normalizers: as the native library."""

from __future__ import annotations

import json

import pytest

from tests.wheels import behaviour
from tests.wheels.interpreter import Interpreter

ASYNC = """
from tokenizers import Tokenizer, models
tokenizer = Tokenizer(models.BPE(vocab={"a": 0, "b": 1}, merges=[]))
one = await tokenizer.async_encode("ab")
many = await tokenizer.async_encode_batch(["a", "b"])
fast = await tokenizer.async_encode_batch_fast(["a", "b"])
text = await tokenizer.async_decode_batch([[0, 1]])
[one.ids, [e.ids for e in many], [e.ids for e in fast], text]
"""
ASYNC_ERROR = """
from tokenizers import Tokenizer, models
future = Tokenizer(models.WordPiece({"a": 0}, unk_token="[UNK]")).async_encode("b")
try:
    await future
except Exception as error:
    seen = str(error)
seen
"""


@pytest.fixture
def observer(tab: Interpreter) -> Interpreter:
    tab.fetch("/tests/behaviour.py", "/lib/python3.14/site-packages/behaviour.py")
    return tab


@pytest.mark.browser
@pytest.mark.parametrize("kind", behaviour.MODELS)
def test_training_gives_what_it_gives_natively(observer: Interpreter, kind: str) -> None:
    got = observer.run("import behaviour; behaviour.train(kind)", kind=kind)
    assert got == behaviour.train(kind)


@pytest.mark.browser
@pytest.mark.parametrize("kind", behaviour.MODELS)
@pytest.mark.parametrize("check", [check.__name__ for check in behaviour.CHECKS])
def test_it_does_what_the_native_library_does(observer: Interpreter, check: str, kind: str) -> None:
    text = behaviour.trained(kind).to_str()
    got = observer.run("import behaviour; behaviour.observe(check, text)", check=check, text=text)
    assert got == json.loads(json.dumps(behaviour.observe(check, text)))


@pytest.mark.browser
def test_async_methods_give_what_the_plain_ones_give(tab: Interpreter) -> None:
    assert tab.run(ASYNC) == [[0, 1], [[0], [1]], [[0], [1]], ["a b"]]


@pytest.mark.browser
def test_an_error_in_an_async_method_comes_when_it_is_awaited(tab: Interpreter) -> None:
    assert "Missing [UNK]" in tab.run(ASYNC_ERROR)
