"""What a graph's cache takes: rows of a whole context, and states once."""

from __future__ import annotations

import onnx_ir as ir
import pytest

from intab.convert.memory import memory_needed
from tests.engine.support.networks import WIDTH
from tests.support.graphs import FORMS, make_graph

CONTEXT = 64
CONFIG = {"max_position_embeddings": CONTEXT, "hidden_size": WIDTH, "num_attention_heads": 1}
ROWS = 2 * CONTEXT * WIDTH  # keys and values
STATES = 3 * WIDTH + WIDTH


@pytest.mark.parametrize(
    ("form", "size"),
    [
        ("decomposed", 4 * ROWS),
        ("fp16 cache", 2 * ROWS),
        ("open shapes", 4 * ROWS),
        ("joined cache", 4 * ROWS),
        ("stacked cache", 4 * ROWS),
        ("states", 4 * (ROWS + STATES)),
        ("fp16 states", 2 * (ROWS + STATES)),
        ("states alone", 4 * STATES),
        ("no cache", 0),
    ],
)
def test_the_cache(form: str, size: int) -> None:
    graph = ir.from_proto(make_graph(FORMS[form]))
    assert memory_needed(graph, CONFIG)["cache"] == size
