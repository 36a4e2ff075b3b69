"""The converter's own way to run a graph, over the forms that others export."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from intab.convert.running import Runner
from intab.errors import ConvertError
from tests.engine.networks import WIDTH
from tests.graphs import FORMS, make_graph, reference

FED = ("decomposed", "int32 ids", "fp16 cache", "no positions", "logits to keep", "open shapes")
PROMPT = [72, 101, 108]


def make_runner(folder: Path, form: str) -> Runner:
    onnx.save(make_graph(FORMS[form]), folder / "model.onnx")
    return Runner(folder / "model.onnx", config={"num_attention_heads": 1, "hidden_size": WIDTH})


@pytest.mark.parametrize("form", FED)
def test_it_feeds_what_a_graph_asks_for(tmp_path: Path, form: str) -> None:
    wanted = reference(PROMPT, 8, FORMS[form])
    assert make_runner(tmp_path, form).greedy(PROMPT, 8) == wanted


def test_a_graph_without_a_cache_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match=r"model\.onnx has no past_key_values"):
        make_runner(tmp_path, "no cache").greedy(PROMPT, 1)
