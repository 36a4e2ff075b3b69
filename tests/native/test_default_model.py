"""models/default is whole: hashes, size, tokenizer, graph, and the recorded greedy ids.

Offline and without torch: the greedy loop is a dozen lines of numpy, written apart from the
engine's own, so that an error in one shows as a difference.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer

from intab.engine.runtime.graphs import EXACT_INT8
from tests.conftest import ROOT

MODEL = ROOT / "models" / "default"
MANIFEST: dict[str, Any] = json.loads((MODEL / "intab.json").read_text("utf-8"))
CONFIG: dict[str, Any] = json.loads((MODEL / "config.json").read_text("utf-8"))
STOP = json.loads((MODEL / "generation_config.json").read_text("utf-8"))["eos_token_id"]
GOLDEN: dict[str, Any] = json.loads((ROOT / "tests/golden/greedy.json").read_text("utf-8"))
LARGEST = 12_000_000

TEXTS = [
    "",
    "a",
    " two  spaces,\ttab and\r\nline ends\n\n",
    "Once upon a time, Lily's dog ran 12345 miles.",
    "Zoë: “naïve” 日本語 안녕 مرحبا",
    "👩‍👩‍👧 e\u0301 \u200b\ufeff \x00\x7f",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    for key, value in (EXACT_INT8 | MANIFEST["session_options"]).items():
        options.add_session_config_entry(key, value)
    path = MODEL / MANIFEST["dtypes"]["q8"][0]
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", MANIFEST["files"])
def test_file_is_the_one_in_the_manifest(name: str) -> None:
    body = (MODEL / name).read_bytes()
    found = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    assert found == MANIFEST["files"][name]


def test_download_is_small() -> None:
    assert sum(entry["size"] for entry in MANIFEST["files"].values()) <= LARGEST


def test_manifest_names_every_model_file() -> None:
    assert {name for names in MANIFEST["dtypes"].values() for name in names} <= set(
        MANIFEST["files"]
    )


@pytest.mark.parametrize("text", TEXTS)
def test_tokenizer_gives_the_text_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_tokenizer_splits_digits(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("2048").tokens == ["2", "0", "4", "8"]


def test_tokenizer_fits_the_model(tokenizer: Tokenizer) -> None:
    assert tokenizer.get_vocab_size() == CONFIG["vocab_size"]
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    assert [tokenizer.token_to_id(token) for token in specials] == [0, 1, 2]
    assert STOP == [0, 2]


def test_graph_inputs(session: onnxruntime.InferenceSession) -> None:
    found = {value.name: (value.type, value.shape) for value in session.get_inputs()}
    for name in ("input_ids", "attention_mask", "position_ids"):
        assert found.pop(name)[0] == "tensor(int64)"
    for name in ("num_logits_to_keep", "cache_position"):
        found.pop(name, None)
    cache = ["tensor(float)", CONFIG["num_key_value_heads"], CONFIG["head_dim"]]
    assert set(found) == set(_cache_names("past_key_values"))
    assert all([kind, shape[1], shape[3]] == cache for kind, shape in found.values())


def test_graph_outputs(session: onnxruntime.InferenceSession) -> None:
    found = {value.name: value.shape for value in session.get_outputs()}
    rows, vocabulary = found.pop("logits")[1:]
    assert (rows in (1, "rows"), vocabulary) == (True, CONFIG["vocab_size"])
    assert set(found) == set(_cache_names("present"))


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: str(case["name"]))
def test_greedy_ids(session: onnxruntime.InferenceSession, case: dict[str, Any]) -> None:
    assert _greedy(session, case["prompt_ids"], len(case["greedy_ids"])) == case["greedy_ids"]
    assert len(case["greedy_ids"]) == 48 or case["greedy_ids"][-1] in STOP


def test_golden_prompts_encode_as_recorded(tokenizer: Tokenizer) -> None:
    texts = [case for case in GOLDEN["cases"] if isinstance(case["prompt"], str)]
    assert len(GOLDEN["cases"]) == 10
    assert len(texts) == 8
    for case in texts:
        assert tokenizer.encode(case["prompt"]).ids == case["prompt_ids"]


def test_self_test_ids(session: onnxruntime.InferenceSession) -> None:
    wanted = MANIFEST["self_test"]
    ids = wanted["greedy_ids"]
    ids = ids["q8"] if isinstance(ids, dict) else ids
    assert _greedy(session, wanted["prompt_ids"], len(ids)) == ids


def test_long_self_test_ids(session: onnxruntime.InferenceSession) -> None:
    """40 ids in one step, 33 more, then single ones."""
    wanted = MANIFEST["self_test"]["long"]
    first, second = wanted["pieces"]
    assert (len(first), len(second)) == (40, 33)
    after_first, *after_both = wanted["greedy_ids"]["q8"]
    assert _greedy(session, first, 1) == [after_first]
    assert _greedy(session, first + second, len(after_both)) == after_both


def _cache_names(prefix: str) -> list[str]:
    layers = range(CONFIG["num_hidden_layers"])
    return [f"{prefix}.{layer}.{part}" for layer in layers for part in ("key", "value")]


def _greedy(session: onnxruntime.InferenceSession, prompt: list[int], count: int) -> list[int]:
    shape = (1, CONFIG["num_key_value_heads"], 0, CONFIG["head_dim"])
    cache = [np.zeros(shape, np.float32) for _ in _cache_names("past_key_values")]
    ids, made, past = prompt, list[int](), 0
    asked = {value.name for value in session.get_inputs()}
    while len(made) < count:
        places = np.arange(past, past + len(ids), dtype=np.int64)
        feeds: dict[str, Any] = {
            "input_ids": np.array([ids], np.int64),
            "attention_mask": np.ones((1, past + len(ids)), np.int64),
            "position_ids": places[None],
            "cache_position": places,
            "num_logits_to_keep": np.array(1),
        }
        feeds = {name: value for name, value in feeds.items() if name in asked}
        feeds |= dict(zip(_cache_names("past_key_values"), cache, strict=True))
        logits, *present = session.run(["logits", *_cache_names("present")], feeds)
        new_rows = "cache_position" in asked  # else all rows come back
        joined = [np.concatenate(pair, 2) for pair in zip(cache, present, strict=True)]
        cache = joined if new_rows else present
        past, ids = past + len(ids), [int(logits[0, -1].argmax())]
        made += ids
    return made
