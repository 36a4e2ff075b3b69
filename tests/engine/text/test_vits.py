"""Texts become the ids that transformers' VitsTokenizer makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from intab.engine.loading.model_files import make_tokenizer
from intab.engine.text.assets import Texts
from intab.engine.text.chat_template import find_templates
from intab.engine.text.vits import Characters
from intab.errors import (
    EmptyPromptError,
    IntabError,
    ManifestError,
    PromptError,
    UnsupportedModelError,
)
from tests.conftest import ROOT

GOLDEN = json.loads((ROOT / "tests/golden/speaking.json").read_text("utf-8"))["tokens"]
PLAIN = {"phonemize": False, "pad_token": "_", "unk_token": "<unk>"}
VITS = {"model_type": "vits"}


def characters(
    settings: dict[str, Any], letters: str | list[str] = "_ abco", tokenizer_json: str = ""
) -> Characters:
    words = {letter: number for number, letter in enumerate(letters)}
    files = {"tokenizer_config.json": json.dumps(settings)}
    files |= {"vocab.json": json.dumps(words)} if words else {}
    files |= {"tokenizer.json": tokenizer_json} if tokenizer_json else {}
    tokenizer = make_tokenizer(files, VITS)
    return Characters.of(Texts(tokenizer, VITS, {}, settings, find_templates({}, {})))


@pytest.mark.parametrize("case", GOLDEN, ids=range(len(GOLDEN)))
def test_as_transformers(case: dict[str, Any]) -> None:
    found = characters(case["settings"], case["letters"])
    for text, ids in case["ids"].items():
        if ids:
            assert found.encode(text) == ids, text
        else:
            with pytest.raises(EmptyPromptError, match="Nothing of the text is in the model's"):
                found.encode(text)


def own_json(model: dict[str, Any]) -> str:
    """As Transformers.js' script writes it, whose model names no kind."""
    pre = {"type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated", "invert": False}
    return json.dumps({"version": "1.0", "added_tokens": [], "pre_tokenizer": pre, "model": model})


def test_the_vocabulary_of_transformers_js() -> None:
    """It is in a tokenizer.json that the library cannot read; vocab.json comes before it."""
    written = own_json({"vocab": {"_": 0, "a": 1, "o": 2}})
    assert characters(PLAIN, "", written).encode("O, a!") == [0, 2, 0, 1, 0]
    assert characters(PLAIN, "_ abco", written).encode("O") == [0, 5, 0]
    with pytest.raises(ManifestError, match=r"it has no vocabulary \(model.vocab\)"):
        characters(PLAIN, "", own_json({}))
    with pytest.raises(ManifestError, match="which has the characters"):
        characters(PLAIN, "")


def test_special_tokens_without_a_text_are_none() -> None:
    found = characters({"phonemize": False, "pad_token": "", "unk_token": ""})
    assert found.encode("Bo!") == [0, 3, 0, 5, 0]
    assert found.encode("B", normalize=False) == [0, 6, 0]


@pytest.mark.parametrize(
    ("settings", "kind", "says"),
    [
        ({}, UnsupportedModelError, 'set "phonemize" to false in tokenizer_config.json'),
        ({"phonemize": True}, UnsupportedModelError, "speaks phonemes"),
        ({**PLAIN, "add_blank": 1}, ManifestError, "add_blank must be true or false"),
        (
            {**PLAIN, "tokenizer_class": "BertTokenizer"},
            UnsupportedModelError,
            "read by BertTokenizer",
        ),
    ],
)
def test_settings_that_cannot_be(
    settings: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        characters(settings)


def test_letters_that_uroman_would_romanise() -> None:
    latin = characters({**PLAIN, "is_uroman": True})
    assert latin.encode("Bo!") == [0, 3, 0, 5, 0]
    with pytest.raises(PromptError, match="romanise it first"):
        latin.encode("아보")
