"""The ids of a GGUF file's tokenizer are llama.cpp's; special tokens mean what the file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFWriter

from intab.convert.gguf.container import read_header
from intab.convert.gguf.keys import Keys
from intab.convert.gguf.pre_tokenizers import PRE_TOKENIZERS
from intab.convert.gguf.texts import write_texts
from intab.convert.reading import read_tokenizer
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import ConvertError
from tests.convert import gguf_files
from tests.convert.test_gguf import GOLDEN

CONFIG = {"model_type": "qwen2", "vocab_size": 10_000}  # a type whose class has pieces of its own

# llama.cpp leaves combining marks out of words by case; the models' own pattern has them in. Nor
# does it cut Kimi's words by case.
CASES, MARKS = 4, 5
OTHERWISE = {"gpt-4o": [MARKS], "tekken": [MARKS], "kimi-k2": [CASES, MARKS]}


def texts_of(
    path: Path, architecture: str = "llama"
) -> tuple[Tokenizer, dict[str, Any], list[str]]:
    """The tokenizer, generation_config.json, and what there is to say."""
    folder = path.with_suffix("")
    folder.mkdir()
    keys = Keys(path, read_header(path).metadata, architecture)
    notes = write_texts(folder, keys, CONFIG)
    settings = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    return read_tokenizer(folder), settings, notes


def written(path: Path, change: Any = lambda writer: None, **columns: Any) -> Path:
    """A file with a few pieces."""
    writer = GGUFWriter(path, "llama")
    writer.add_tokenizer_model(columns.get("model", "llama"))
    tokens = columns.get("tokens", ["<unk>", "<s>", "</s>", "a", "b", "ab", "▁", "▁ab"])
    writer.add_token_list(tokens)
    writer.add_token_scores(columns.get("scores", [0.0] * len(tokens)))
    writer.add_token_types(columns.get("kinds", [2, 3, 3, *[1] * (len(tokens) - 3)]))
    change(writer)
    return gguf_files.finish(writer, path)


@pytest.mark.parametrize("name", GOLDEN["byte_level"])
def test_byte_level_ids_are_llama_cpps(tmp_path: Path, name: str) -> None:
    file = gguf_files.write_byte_level(tmp_path / "model.gguf", GOLDEN["vocabulary"], name)
    tokenizer, _, _ = texts_of(file)
    found = [tokenizer.encode(text) for text in GOLDEN["texts"]]
    wanted = list(GOLDEN["byte_level"][name])
    for place in OTHERWISE.get(name, []):
        found[place] = wanted[place] = []
    assert found == wanted


def test_kimi_s_words_are_cut_by_case_and_by_chinese(tmp_path: Path) -> None:
    file = gguf_files.write_byte_level(tmp_path / "model.gguf", GOLDEN["vocabulary"], "kimi-k2")
    cut = texts_of(file)[0].backend.pre_tokenizer
    text = "userName's \u4e2d\u6587\u3092x 12345 a/\n"
    found = [text[slice(*span)] for _, span in cut.pre_tokenize_str(text)]
    wanted = ["user", "Name's", " ", "\u4e2d\u6587", "\u3092x", " ", "123", "45", " a", "/\n"]
    assert found == wanted


def test_every_way_to_cut_text_is_compared() -> None:
    compared = {PRE_TOKENIZERS[name] for name in GOLDEN["byte_level"]}
    assert compared == set(PRE_TOKENIZERS.values())


@pytest.mark.parametrize("prefix", [True, False])
def test_ids_by_score_are_llama_cpps(tmp_path: Path, prefix: bool) -> None:
    file = gguf_files.write_by_score(tmp_path / "model.gguf", GOLDEN["pieces"], prefix)
    tokenizer, _, _ = texts_of(file)
    found = [tokenizer.encode(text) for text in GOLDEN["texts"]]
    assert found == GOLDEN["by_score"][str(prefix).lower()]


@pytest.mark.parametrize("prefix", [True, False])
def test_text_comes_back(tmp_path: Path, prefix: bool) -> None:
    file = gguf_files.write_by_score(tmp_path / "model.gguf", GOLDEN["pieces"], prefix)
    tokenizer, _, _ = texts_of(file)
    for text in (" two  spaces", "日本語 x\n", "\U0001f999"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_file_that_does_not_say_how_text_is_cut_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(GOLDEN["vocabulary"]["tokens"])
    writer.add_token_merges(GOLDEN["vocabulary"]["merges"])
    tokenizer, _, notes = texts_of(gguf_files.finish(writer, path))
    assert "does not say how text is cut" in notes[0]
    assert tokenizer.encode(GOLDEN["texts"][3]) == GOLDEN["byte_level"]["default"][3]


def test_a_text_begins_and_ends_as_the_file_asks(tmp_path: Path) -> None:
    def both(writer: GGUFWriter) -> None:
        writer.add_add_bos_token(False)
        writer.add_add_eos_token(True)

    tokenizer, _, _ = texts_of(written(tmp_path / "model.gguf", both))
    assert tokenizer.encode("ab") == [7, 2]
    assert tokenizer.special_tokens_map.get("bos_token") == "<s>"


def test_phi_3s_tokens_take_the_spaces_behind_them(tmp_path: Path) -> None:
    tokens = ["<unk>", "<s>", "</s>", "a", "▁", "▁a", "<|user|>"]
    kinds = [2, 3, 3, 1, 1, 1, 3]
    scores = [0.0, 0.0, 0.0, -1.0, -2.0, 0.0, 0.0]
    path = written(tmp_path / "model.gguf", tokens=tokens, kinds=kinds, scores=scores)
    tokenizer, _, _ = texts_of(path, "phi3")
    assert tokenizer.encode("<|user|>  a", add_special_tokens=False) == [6, 5]
    assert tokenizer.encode("<s> a", add_special_tokens=False) == [1, 4, 5]


def test_tokens_that_end_an_answer(tmp_path: Path) -> None:
    """By their keys, and by their text, whatever their type."""
    tokens = ["<unk>", "<s>", "</s>", "a", "<|im_end|>", "<|eot_id|>", "<end>"]
    kinds = [2, 3, 3, 1, 1, 3, 3]

    def ends(writer: GGUFWriter) -> None:
        writer.add_eos_token_id(2)
        writer.add_eot_token_id(6)

    tokenizer, settings, _ = texts_of(
        written(tmp_path / "model.gguf", ends, tokens=tokens, kinds=kinds)
    )
    assert settings["eos_token_id"] == [2, 6, 5, 4]
    assert tokenizer.decode([3, 4]) == "a"


def test_options_of_sampling_are_kept(tmp_path: Path) -> None:
    def options(writer: GGUFWriter) -> None:
        writer.add_float32("general.sampling.temp", 0.7)
        writer.add_int32("general.sampling.top_k", 20)
        writer.add_array("tokenizer.ggml.suppress_tokens", [3, 99])

    _, settings, _ = texts_of(written(tmp_path / "model.gguf", options))
    assert settings["temperature"] == 0.7
    assert (settings["top_k"], settings["do_sample"], settings["suppress_tokens"]) == (
        20,
        True,
        [3],
    )


def test_templates_are_kept_by_name(tmp_path: Path) -> None:
    def several(writer: GGUFWriter) -> None:
        writer.add_string("tokenizer.chat_template", "{{ 1 }}")
        writer.add_string("tokenizer.chat_template.tool_use", "{{ 2 }}")

    path = written(tmp_path / "model.gguf", several)
    texts_of(path)
    found = json.loads((tmp_path / "model/tokenizer_config.json").read_text(encoding="utf-8"))
    names = {one["name"]: one["template"] for one in found["chat_template"]}
    assert names == {"default": "{{ 1 }}", "tool_use": "{{ 2 }}"}


REFUSED: dict[str, dict[str, Any]] = {
    "kind 'bert'": {"model": "bert"},
    "kind 't5'": {"model": "t5"},
    "kind 'gemma4'": {"model": "gemma4"},
    "kind 'none'": {"model": ""},
    "token 'a' twice": {"tokens": ["<unk>", "<s>", "</s>", "a", "a"]},
    "must be a list of 8": {"scores": [0.0]},
    "no merges": {"model": "gpt2"},
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_vocabulary_that_is_no_tokenizer_json_is_refused(tmp_path: Path, message: str) -> None:
    path = written(tmp_path / "model.gguf", **REFUSED[message])
    with pytest.raises(ConvertError, match=message):
        texts_of(path)


@pytest.mark.parametrize("model", ["llama", "gpt2"])
def test_a_file_without_a_vocabulary_is_refused(tmp_path: Path, model: str) -> None:
    writer = GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_tokenizer_model(model)
    with pytest.raises(ConvertError, match="has no vocabulary"):
        texts_of(gguf_files.finish(writer, tmp_path / "model.gguf"))


@pytest.mark.parametrize(
    ("pre", "merge", "message"),
    [("gpt-2", "a c", "merges 'a c'"), ("gpt-2", "ab", "merges 'ab'"), ("new", "a b", "'new'")],
)
def test_merges_that_make_no_token_are_refused(
    tmp_path: Path, pre: str, merge: str, message: str
) -> None:
    def gpt2(writer: GGUFWriter) -> None:
        writer.add_tokenizer_pre(pre)
        writer.add_token_merges([merge])

    path = written(tmp_path / "model.gguf", gpt2, model="gpt2")
    with pytest.raises(ConvertError, match=message):
        texts_of(path)
