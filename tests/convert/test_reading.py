"""Texts are split while a model is converted as they are where it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import intab
from intab.convert.converter import Request, convert
from intab.convert.proving import PROMPT
from intab.convert.reading import read_tokenizer
from intab.convert.reporting import read_text
from intab.engine.text.tokenizer import Tokenizer
from tests.convert.refusing import refused
from tests.engine.conftest import byte_tokenizer_json

TEXT = "One, two.  <unk>don't e\u0301 12\n"
# What stands beside tokenizer.json, and in config.json; each changes how TEXT is split.
BESIDE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"tokenizer_class": "GPT2TokenizerFast", "add_prefix_space": True}, {}),
    ({"tokenizer_class": "CohereTokenizer"}, {}),
    ({}, {"text_config": {"model_type": "qwen3"}}),
    ({"extra_special_tokens": ["<unk>"]}, {}),
]


def write(folder: Path, settings: dict[str, Any], config: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(("settings", "config"), BESIDE)
def test_the_files_beside_it_are_heeded(
    tmp_path: Path, settings: dict[str, Any], config: dict[str, Any]
) -> None:
    write(tmp_path, settings, config)
    text = tmp_path / "text"
    text.write_text(TEXT, encoding="utf-8")
    tokenizer = read_tokenizer(tmp_path)
    [piece] = read_text(text, tokenizer)
    assert piece == tokenizer.encode(TEXT)
    alone = Tokenizer(byte_tokenizer_json())
    assert piece != alone.encode(TEXT)


async def test_a_self_test_begins_as_the_loaded_model_reads_it(
    checkpoint: Path, tmp_path: Path
) -> None:
    settings = {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}
    (checkpoint / "tokenizer_config.json").write_text(json.dumps(settings))
    convert(Request(checkpoint, tmp_path / "out", ("fp32",)))
    test = json.loads((tmp_path / "out/intab.json").read_text())["self_test"]
    model = await intab.load(str(tmp_path / "out"))
    assert test["prompt_ids"] == model.tokenizer.encode(PROMPT)
    assert test["prompt_ids"][0] == Tokenizer(byte_tokenizer_json()).encode(" ")[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tokenizer_config.json", "{", "tokenizer_config.json"),
        ("tokenizer_config.json", '{"bos_token": 5}', "bos_token must be a text"),
        ("added_tokens.json", '{"<x>": -1}', "<x> must be a token id"),
        ("special_tokens_map.json", "[]", "special_tokens_map.json"),
    ],
)
def test_what_cannot_be_read_is_named(checkpoint: Path, name: str, content: str, said: str) -> None:
    (checkpoint / name).write_text(content)
    words = refused(checkpoint)
    assert f"The tokenizer in {checkpoint} cannot be used. " in words
    assert said in words
