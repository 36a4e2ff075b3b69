"""The converter's own way to run a graph, over the forms that others export."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from intab.convert.running import Runner
from intab.errors import ConvertError
from tests.engine.support.networks import WIDTH
from tests.support.graphs import FORMS, make_graph, reference

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


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ("states", "past_conv.1, past_ssm.1"),
        ("embeddings", "inputs_embeds, per_layer_inputs"),
        ("merged decoder", "use_cache_branch"),
    ],
)
def test_what_it_cannot_feed_is_named(tmp_path: Path, form: str, asked: str) -> None:
    with pytest.raises(ConvertError, match=f"asks for {asked}, which intab convert cannot give"):
        make_runner(tmp_path, form).greedy(PROMPT, 1)


def test_the_cache_is_dropped_at_a_switch(tmp_path: Path) -> None:
    rope = {"rope_type": "longrope", "original_max_position_embeddings": FORMS["a switch"].switch}
    runner = make_runner(tmp_path, "a switch")
    runner.config = {**runner.config, "rope_scaling": rope}
    assert runner.greedy(PROMPT, 8) == reference(PROMPT, 8, FORMS["a switch"])


def test_a_cache_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="a cache of 3 dimensions"):
        make_runner(tmp_path, "joined cache").greedy(PROMPT, 1)
