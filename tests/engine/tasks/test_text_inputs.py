"""The graph says what it takes; what the tokenizer does not make is made as the family does."""

from __future__ import annotations

from typing import Any

import pytest

from intab.engine.runtime.network import TensorInfo
from intab.engine.tasks.feature_extraction import FeatureExtraction
from intab.engine.tasks.fill_mask import FillMask
from intab.engine.tasks.question_answering import QuestionAnswering
from intab.engine.tasks.text_classification import TextClassification
from intab.engine.tasks.text_inputs import longest
from intab.engine.tasks.token_classification import TokenClassification
from intab.errors import (
    ContextLengthError,
    EmptyPromptError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)
from tests.engine.support.pipelines import INPUTS, SETTINGS, make_pipeline

GENERIC = {**SETTINGS, "tokenizer_class": "PreTrainedTokenizerFast"}
PAIR = {"text": "a b", "text_pair": "c"}


async def fed(**about: Any) -> dict[str, list[int]]:
    """The feeds of a pair of texts."""
    pipe, network = make_pipeline(
        TextClassification(), lambda feeds: next(iter(feeds.values()))[:, :2], **about
    )
    await pipe(PAIR)
    return {name: value[0].tolist() for name, value in network.ran[0].items()}


@pytest.mark.parametrize(
    ("settings", "types"),
    [
        (SETTINGS, [0, 0, 0, 0, 1, 1]),
        ({**SETTINGS, "tokenizer_class": "ElectraTokenizerFast"}, [0, 0, 0, 0, 1, 1]),
        ({**SETTINGS, "tokenizer_class": None}, [0, 0, 0, 0, 1, 1]),  # by the model's type
        (GENERIC, [0] * 6),
        ({**GENERIC, "model_input_names": list(INPUTS)}, [0, 0, 0, 0, 1, 1]),
        ({**SETTINGS, "model_input_names": ["input_ids"]}, [0] * 6),
    ],
)
async def test_a_pair_s_types(settings: dict[str, Any], types: list[int]) -> None:
    assert (await fed(settings=settings))["token_type_ids"] == types


async def test_a_model_of_one_type_has_no_other() -> None:
    assert (await fed(config={"type_vocab_size": 1}))["token_type_ids"] == [0] * 6


@pytest.mark.parametrize(
    ("config", "first"),
    [
        ({}, 0),
        ({"model_type": "roberta", "pad_token_id": 1}, 2),
        ({"model_type": "xlm-roberta"}, 2),
        ({"model_type": "mpnet", "pad_token_id": 0}, 2),
    ],
)
async def test_positions_that_the_graph_takes(config: dict[str, Any], first: int) -> None:
    found = await fed(config=config, names=["input_ids", "position_ids"])
    assert found["position_ids"] == list(range(first, first + 6))


async def test_a_padding_token_in_a_text_has_no_position() -> None:
    config = {"model_type": "roberta", "pad_token_id": 3}  # which is [SEP] here
    found = await fed(config=config, names=["input_ids", "position_ids"])
    assert found["input_ids"].count(3) == 2
    assert found["position_ids"] == [
        3 if token == 3 else 4 + at - found["input_ids"][:at].count(3)
        for at, token in enumerate(found["input_ids"])
    ]


async def test_other_names_of_inputs() -> None:
    found = await fed(names=["input_word_ids", "input_mask", "segment_ids"])
    assert found["segment_ids"] == [0, 0, 0, 0, 1, 1]
    assert found["input_mask"] == [1] * 6


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["input_ids", "bbox"], "takes bbox"),
        (["pixel_values"], "takes pixel_values"),
        (["attention_mask"], "takes no input_ids"),
        (["input_ids", "past_key_values.0.key"], "takes past_key_values.0.key but gives no"),
    ],
)
def test_inputs_that_no_text_gives(names: list[str], says: str) -> None:
    pipe, _ = make_pipeline(FeatureExtraction(), names=names)
    with pytest.raises(UnsupportedModelError, match=says):
        FeatureExtraction().check_graph(pipe)


async def test_a_decoder_that_reads_has_no_tokens_before_the_text() -> None:
    """Qwen3-Embedding's graphs are those of a writer, with a cache."""
    pipe, network = make_pipeline(FeatureExtraction(), names=["input_ids", "attention_mask"])
    past, present = (f"{name}.0.key" for name in ("past_key_values", "present"))
    network.inputs = [*network.inputs, TensorInfo(past, "float16", (None, 2, None, 8))]
    network.outputs = [*network.outputs, TensorInfo(present, "float16", (None, 2, None, 8))]
    FeatureExtraction().check_graph(pipe)
    found = await pipe(["a b c", "a"], batch_size=2)
    assert [len(one[0]) for one in found] == [5, 3]
    assert {feeds[past].shape for feeds in network.ran} == {(2, 2, 0, 8), (1, 2, 0, 8)}
    assert network.ran[0][past].dtype == "float16"


async def test_padding_is_what_batches_do() -> None:
    pipe, _ = make_pipeline(TextClassification(), lambda feeds: feeds["input_ids"][:, :2])
    plain = await pipe("a b", truncation=True)
    for padding in (None, False, True, "longest", "do_not_pad"):
        assert await pipe("a b", padding=padding, truncation=True, max_length=9) == plain
    assert await pipe("a b", padding="max_length", max_length=9) == plain
    with pytest.raises(OptionError, match="padding must be one of"):
        await pipe("a b", padding="right")
    vectors, _ = make_pipeline(FeatureExtraction())
    with pytest.raises(OptionError, match="taken away: leave padding out"):
        await vectors("a b", tokenize_kwargs={"padding": "max_length", "max_length": 9})


@pytest.mark.parametrize(
    ("config", "most"),
    [
        ({}, 12),
        ({"max_position_embeddings": 514, "model_type": "roberta", "pad_token_id": 1}, 512),
        ({"max_position_embeddings": 514, "model_type": "xlm-roberta"}, 512),
        ({"max_position_embeddings": 514, "model_type": "mpnet", "pad_token_id": 1}, 512),
        ({"max_position_embeddings": 512, "model_type": "distilbert", "pad_token_id": 0}, 512),
        ({"n_positions": 512, "model_type": "t5", "max_position_embeddings": None}, None),
        ({"model_type": "deberta-v2", "position_biased_input": False}, None),
        ({"model_type": "deberta-v2"}, 12),
        ({"model_type": "deberta", "position_biased_input": False}, None),
        ({"model_type": "modernbert"}, None),
    ],
)
def test_how_many_tokens_a_family_takes(config: dict[str, Any], most: int | None) -> None:
    pipe, _ = make_pipeline(FeatureExtraction(), config=config)
    assert longest(pipe) == most


async def test_a_text_that_is_too_long() -> None:
    pipe, network = make_pipeline(FeatureExtraction())
    with pytest.raises(ContextLengthError, match="has 13 tokens, the model takes 12: shorten it"):
        await pipe("a " * 11)
    assert len((await pipe("a " * 11, truncation=True))[0]) == 12
    left, _ = make_pipeline(FeatureExtraction(), settings={**SETTINGS, "truncation_side": "left"})
    found = await left("a b c d", truncation=True, tokenize_kwargs={"max_length": 4})
    assert [row[0] for row in found[0]] == [2, 7, 8, 3]
    assert network.ran


async def test_a_text_without_tokens() -> None:
    pipe, _ = make_pipeline(FeatureExtraction())
    with pytest.raises(EmptyPromptError, match="no tokens"):
        await pipe("", tokenize_kwargs={"add_special_tokens": False})


async def test_half_a_character() -> None:
    pipe, _ = make_pipeline(FeatureExtraction())
    with pytest.raises(PromptError, match="half of a surrogate pair"):
        await pipe("a \ud83d")


async def test_bytes_are_no_text() -> None:
    pipe, _ = make_pipeline(FeatureExtraction())
    with pytest.raises(PromptError, match="not bytes: decode it"):
        await pipe(b"a")


@pytest.mark.parametrize(
    ("task", "shape"),
    [
        (TextClassification(), (None, None, 4)),
        (TokenClassification(), (None, 4)),
        (FillMask(), (None, 4)),
    ],
)
def test_outputs_of_another_task(task: TextClassification, shape: tuple[int | None, ...]) -> None:
    pipe, _ = make_pipeline(task, shape=shape)
    with pytest.raises(UnsupportedModelError, match=f"export the model for {task.name}"):
        task.check_graph(pipe)


def test_outputs_that_find_no_answer() -> None:
    pipe, _ = make_pipeline(QuestionAnswering(), shape=(None, None))
    with pytest.raises(UnsupportedModelError, match="logits, not start_logits and end_logits"):
        QuestionAnswering().check_graph(pipe)


def test_a_tokenizer_without_a_mask() -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "mask_token"}
    pipe, _ = make_pipeline(FillMask(), settings={**settings, "tokenizer_class": "X"})
    with pytest.raises(UnsupportedModelError, match="names no mask_token"):
        FillMask().check_graph(pipe)
