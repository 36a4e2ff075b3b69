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


@pytest.mark.parametrize(
    ("data", "kv_heads", "head_dim"),
    [
        ({"num_key_value_heads": 2, "num_attention_heads": 4, "hidden_size": 32}, 2, 8),
        ({"n_head": 4, "n_embd": 32, "head_dim": 16}, 4, 16),
        ({"n_heads": 2, "dim": 24}, 2, 12),
        ({"num_heads": 2, "d_model": 6, "head_dim": None}, 2, 3),
        ({"num_attention_heads": 4, "head_dim": [8, 16]}, 4, None),
        ({"hidden_size": 8}, None, None),
    ],
)
def test_the_sizes_of_a_cache(data: dict[str, Any], kv_heads: int | None, head_dim: object) -> None:
    config = ModelConfig(data)
    assert (config.kv_heads, config.head_dim) == (kv_heads, head_dim)


LONG = {"type": "longrope", "short_factor": [1], "long_factor": [2]}


@pytest.mark.parametrize(
    ("data", "switch"),
    [
        ({}, 0),
        ({"rope_scaling": LONG, "original_max_position_embeddings": 4}, 4),
        ({"rope_parameters": {**LONG, "original_max_position_embeddings": 5}}, 5),
        (
            {
                "rope_scaling": {"full": {**LONG, "type": "su"}},
                "original_max_position_embeddings": 6,
            },
            6,
        ),
        ({"rope_scaling": {"rope_type": "yarn"}, "original_max_position_embeddings": 4}, 0),
        (
            {
                "rope_scaling": LONG,
                "original_max_position_embeddings": 4,
                "max_position_embeddings": 4,
            },
            0,
        ),
    ],
)
def test_where_longrope_switches(data: dict[str, Any], switch: int) -> None:
    assert ModelConfig(data).switch_at == switch


@pytest.mark.parametrize(
    ("data", "bounded"),
    [
        ({"model_type": "gemma2"}, True),
        ({"model_type": "gemma2", "attn_logit_softcapping": None}, False),
        ({"model_type": "gemma3_text", "attn_logit_softcapping": 50.0}, False),
        ({"model_type": "llama", "attn_logit_softcapping": 30.0}, True),
        ({}, False),
    ],
)
def test_whether_attention_has_a_bound(data: dict[str, Any], bounded: bool) -> None:
    assert ModelConfig(data).bounds_attention is bounded


def test_a_model_of_several_parts_is_read_as_the_one_that_writes() -> None:
    inner = {"model_type": "gemma3_text", "architectures": ["Inner"], "hidden_size": 8}
    whole = {"model_type": "gemma3", "architectures": ["Whole"], "text_config": inner}
    config = ModelConfig.of_the_writer(whole)
    assert (config.model_type, config.hidden_size, config.architecture) == (
        "gemma3_text",
        8,
        "Whole",
    )
    assert ModelConfig.of(config) is config
    assert ModelConfig.of(whole).architectures == ["Whole"]
    assert ModelConfig.of_the_writer({"text_config": 5, "n_ctx": 3}).context_length == 3


def test_the_rest() -> None:
    config = ModelConfig(
        {"is_encoder_decoder": True, "tokenizer_class": "T5Tokenizer", "eos_token_id": [1, 2]}
    )
    assert config.is_encoder_decoder
    assert (config.tokenizer_class, config.eos_token_id) == ("T5Tokenizer", [1, 2])
    empty = ModelConfig({"tokenizer_class": None})
    assert (empty.is_encoder_decoder, empty.tokenizer_class, empty.eos_token_id) == (
        False,
        "",
        None,
    )
