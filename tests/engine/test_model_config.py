"""What families call differently has one name."""

from __future__ import annotations

from typing import Any

import pytest

from intab.engine.model_config import ModelConfig


@pytest.mark.parametrize(
    ("data", "length", "hidden", "layers", "heads"),
    [
        (
            {
                "max_position_embeddings": 512,
                "hidden_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
            },
            *(512, 16, 2, 4),
        ),
        ({"n_positions": 1024, "n_embd": 8, "n_layer": 3, "n_head": 2}, 1024, 8, 3, 2),
        ({"n_ctx": 7, "dim": 24, "n_layers": 6, "n_heads": 12}, 7, 24, 6, 12),
        ({"d_model": 32, "num_layers": 1, "num_heads": 1}, None, 32, 1, 1),
        ({"hidden_size": [1, 2], "n_ctx": 0}, None, None, None, None),
    ],
)
def test_sizes(
    data: dict[str, Any], length: int | None, hidden: int | None, layers: int | None, heads: object
) -> None:
    config = ModelConfig(data)
    found = (config.context_length, config.hidden_size, config.num_layers, config.num_heads)
    assert found == (length, hidden, layers, heads)


def test_labels() -> None:
    assert ModelConfig({"id2label": {"0": "no", "1": "yes", "2": "?"}}).num_labels == 3
    assert ModelConfig({}).id2label == {0: "LABEL_0", 1: "LABEL_1"}
    assert ModelConfig({"num_labels": 1}).id2label == {0: "LABEL_0"}


def test_it_is_the_mapping_too() -> None:
    config = ModelConfig({"model_type": "bert", "architectures": ["BertModel"], "x": 1})
    assert (config["x"], len(config), list(config)[-1]) == (1, 3, "x")
    assert (config.model_type, config.architecture, config.problem_type) == (
        "bert",
        "BertModel",
        "",
    )
    assert ModelConfig({}).architecture == ""
