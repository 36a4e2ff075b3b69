"""Tokens that a folder's files declare: transformers' view of them, over all its fields."""

import json
from typing import Any

import pytest

from intab.engine.text.chat_template import find_templates, render
from intab.engine.text.special_tokens import TokenFiles
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.text.tokenizer_classes import ALIASES, CLASSES, MODEL_TYPES, WRONG
from intab.errors import ManifestError
from tests.conftest import ROOT
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.tokenizer_cases import CASES, TEXTS, added, folder, token

GOLDEN = json.loads((ROOT / "tests" / "golden" / "tokenizers.json").read_text("utf-8"))
HELLO = [{"role": "user", "content": "Hi"}]


def load(files: dict[str, str]) -> Tokenizer:
    """The tokenizer of a folder."""
    settings, special, old = (
        json.loads(files.get(f"{name}.json", "{}"))
        for name in ("tokenizer_config", "special_tokens_map", "added_tokens")
    )
    config = json.loads(files.get("config.json", "{}"))
    return Tokenizer(files["tokenizer.json"], TokenFiles(settings, special, old), config)


def describe(tokenizer: Tokenizer, texts: tuple[str, ...], settings: Any) -> dict[str, Any]:
    """All that a tokenizer says, as tests/golden/make_tokenizers.py describes it."""
    ids = [tokenizer.encode(text) for text in texts]
    decoder = tokenizer.backend.get_added_tokens_decoder()
    return {
        "named": tokenizer.special_tokens_map,
        "size": tokenizer.size,
        "added": {
            str(n): [t.content, t.lstrip, t.rstrip, t.normalized, t.single_word, t.special]
            for n, t in sorted(decoder.items())
        },
        "ids": ids,
        "places": [[[*place] for place in tokenizer.windows(text)[0].offsets] for text in texts],
        "bare": [tokenizer.encode(text, add_special_tokens=False) for text in texts],
        "shown": [tokenizer.decode(row) for row in ids],
        "full": [tokenizer.decode(row, skip_special_tokens=False) for row in ids],
        "chat": render(find_templates(settings, {}), HELLO, tokenizer.special_tokens_map),
    }


@pytest.mark.parametrize("name", CASES)
def test_as_transformers_has_it(name: str) -> None:
    files = folder(name)
    found = describe(load(files), TEXTS, json.loads(files["tokenizer_config.json"]))
    wanted = GOLDEN["cases"][name]
    for key, value in found.items():
        assert value == wanted[key], key


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "TokenizersBackend"])
def test_the_special_tokens_of_a_class(name: str) -> None:
    recorded = {k: v for k, v in GOLDEN["classes"][name].items() if v is not None}
    assert {k: v for k, v in CLASSES[name].items() if v is not None} == recorded


def test_classes_that_are_others() -> None:
    assert GOLDEN["aliases"] == ALIASES


def test_the_class_of_a_model_type() -> None:
    assert all(MODEL_TYPES[kind] == GOLDEN["types"][kind] for kind in MODEL_TYPES)
    assert set(GOLDEN["wrong"]) >= WRONG
    assert set(GOLDEN["wrong"]) & set(MODEL_TYPES) <= WRONG


def test_a_token_as_a_plain_dict_is_read_too() -> None:
    """transformers 5 refuses it in tokenizer_config.json; its older versions wrote it."""
    settings = {"bos_token": token("<s>"), "eos_token": {"content": "</s>"}, "pad_token": None}
    tokenizer = Tokenizer(byte_tokenizer_json(), TokenFiles(settings))
    assert tokenizer.special_tokens_map == {"bos_token": "<s>", "eos_token": "</s>"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (TokenFiles({"bos_token": 7}), "tokenizer_config.json is not valid: bos_token must"),
        (TokenFiles({"eos_token": {"content": 7}}), "eos_token must be a token such as"),
        (TokenFiles({"eos_token": added("x", lstrip="yes")}), "eos_token must be a token"),  # type: ignore[arg-type]
        (TokenFiles({"eos_token": added("\ud83d")}), "without half characters"),
        (TokenFiles({"eos_token": "\ud83d"}), "added tokens are not valid"),
        (TokenFiles({"extra_special_tokens": "<x>"}), "extra_special_tokens must be a list"),
        (TokenFiles({"extra_special_tokens": [["<x>"]]}), "extra_special_tokens must be a text"),
        (TokenFiles({"added_tokens_decoder": []}), "added_tokens_decoder must be a dict"),
        (TokenFiles({"added_tokens_decoder": {"x": token("a")}}), "a dict from ids to tokens"),
        (TokenFiles({"added_tokens_decoder": {"1": "a"}}), "a dict from ids to tokens"),
        (TokenFiles({}, {"eos_token": 3}), r"special_tokens_map\.json is not valid: eos_token"),
        (TokenFiles({}, {}, {"<x>": "3"}), r"added_tokens\.json is not valid: <x> must be a token"),
        (TokenFiles({}, {}, {"<x>": -3}), "a token id, 0 or more"),
        (TokenFiles({}, {}, {"\ud83d": 3}), r"added_tokens\.json is not valid"),
    ],
)
def test_what_is_not_valid_names_its_file(files: TokenFiles, words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        Tokenizer(byte_tokenizer_json(), files)
