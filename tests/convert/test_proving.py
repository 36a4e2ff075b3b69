"""A folder's self-test: a short prompt, and a long one in pieces of 40 and 33 ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intab.convert.converter import Request, convert
from intab.convert.proving import SINGLE, Answers, Prompts, answer, read_prompts, self_test
from intab.convert.renewing import renew
from intab.convert.running import Cache, Runner
from intab.engine.hub.manifest import parse_manifest
from intab.engine.hub.variants import make_variants
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import ConvertError
from tests.convert.refusing import change
from tests.engine.conftest import byte_tokenizer_json

TOKENIZER = Tokenizer(byte_tokenizer_json())


@pytest.mark.parametrize("context", [None, 77, 4096])
def test_the_long_prompt_has_40_ids_and_33(context: int | None) -> None:
    prompts = read_prompts(TOKENIZER, {"max_position_embeddings": context})
    assert [len(piece) for piece in prompts.pieces] == [40, 33]
    assert prompts.pieces[0][: len(prompts.short)] == prompts.short


def test_a_context_that_is_too_short_has_none() -> None:
    assert read_prompts(TOKENIZER, {"n_positions": 76}).pieces == []
    assert self_test(Prompts([1], []), {"q8": Answers((2, 3))}) == {
        "prompt_ids": [1],
        "greedy_ids": {"q8": [2, 3]},
    }


def test_few_words_are_said_again_and_again() -> None:
    tokenizer = Tokenizer(byte_tokenizer_json())
    tokenizer.backend.enable_truncation(5)
    prompts = read_prompts(tokenizer, {})
    assert [len(piece) for piece in prompts.pieces] == [40, 33]
    first, second = prompts.pieces
    assert [*first, *second] == (first[:5] * 15)[:73]


def test_what_follows_is_recorded_for_each_dtype(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    convert(Request(checkpoint, out, ("fp32", "q8", "q4")))
    manifest = parse_manifest(json.loads((out / "intab.json").read_text()))
    test = manifest.self_test
    assert test
    assert test.long
    assert set(test.long.greedy_ids) == {"fp32", "q8", "q4"}
    for dtype, ids in test.long.greedy_ids.items():
        runner = Runner(out / make_variants(manifest).dtypes[dtype][0], manifest.options_for(dtype))
        first, both = test.long.pieces[0], [*test.long.pieces[0], *test.long.pieces[1]]
        found = [*runner.greedy(first, 1), *runner.greedy(both, SINGLE + 1)]
        assert list(ids) == found


class Stubborn:
    """A graph that takes a whole prompt, or one id."""

    def greedy(self, ids: list[int], count: int) -> list[int]:
        return [7] * count

    def step(self, ids: list[int], cache: Cache, rows: int) -> tuple[Any, Cache]:
        if cache and len(ids) > 1:
            raise ConvertError("onnxruntime does not run it")
        return np.eye(9, dtype=np.float32)[-1:], {"past": np.zeros(1)}


def test_a_graph_that_takes_no_several_ids_has_no_long_answer() -> None:
    runner: Any = Stubborn()
    assert answer(runner, Prompts([1], [[1, 2], [3, 4]])) == Answers((7,) * 8)
    assert answer(runner, Prompts([1], [[1, 2], [3]])).long == (8,) * (2 + SINGLE)


def test_a_folder_gets_the_prompts_of_today(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    convert(Request(checkpoint, out, ("q8",)))
    whole = json.loads((out / "intab.json").read_text())
    old = {**whole, "self_test": {"prompt_ids": [1], "greedy_ids": [2]}}
    (out / "intab.json").write_text(json.dumps(old))
    renew(out)
    assert json.loads((out / "intab.json").read_text()) == whole


def test_the_context_is_the_config_s(checkpoint: Path, tmp_path: Path) -> None:
    change(checkpoint, max_position_embeddings=32)
    convert(Request(checkpoint, tmp_path / "model", ("fp32",)))
    assert "long" not in json.loads((tmp_path / "model/intab.json").read_text())["self_test"]
