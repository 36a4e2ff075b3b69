"""Entities of a text: by hand where transformers' own answers (tests/golden) do not show it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.entities import without_overlaps
from intab.engine.tasks.token_classification import TokenClassification
from intab.errors import ContextLengthError, OptionError, PromptError
from tests.engine.support.pipelines import SETTINGS, make_pipeline

LABELS = {"0": "O", "1": "B-X", "2": "I-X", "3": "Y"}
# The label of each token's id: a is O, b begins X, c goes on with X, d and e are Y.
CHOSEN = {5: 0, 6: 1, 7: 2, 8: 3, 9: 3, 13: 2, 14: 0}


def labelled(feeds: Arrays) -> NDArray[Any]:
    ids = feeds["input_ids"]
    chosen = np.vectorize(lambda token: CHOSEN.get(token, 0))(ids)
    return np.asarray(np.eye(4)[chosen] * 20, np.float32)


def reader(**about: Any) -> Any:
    config = {"id2label": LABELS, **about.pop("config", {})}
    return make_pipeline(TokenClassification(), labelled, config=config, **about)[0]


def spans(found: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(one["entity_group"], one["start"], one["end"]) for one in found]


async def test_grouping_comes_before_ignoring() -> None:
    found = await reader()("b a c d e", aggregation_strategy="simple")
    assert spans(found) == [("X", 0, 1), ("X", 4, 5), ("Y", 6, 9)]


async def test_b_begins_another_entity() -> None:
    found = await reader()("b c b c c", aggregation_strategy="simple")
    assert spans(found) == [("X", 0, 3), ("X", 4, 9)]


async def test_places_count_characters() -> None:
    found = await reader()("😀 é b שלום", aggregation_strategy="simple")
    assert spans(found) == [("Y", 2, 3), ("X", 4, 5)]
    assert [one["word"] for one in found] == ["e", "b"]


async def test_the_first_piece_speaks_for_the_word() -> None:
    pipe = reader()
    assert spans(await pipe("dc", aggregation_strategy="first")) == [("Y", 0, 2)]
    assert spans(await pipe("dc", aggregation_strategy="simple")) == [("Y", 0, 1)]


async def test_labels_that_config_does_not_name() -> None:
    [found] = await reader(config={"id2label": {"0": "O"}})("b")
    assert found["entity"] == "LABEL_1"


async def test_a_long_text_is_cut_or_read_in_windows() -> None:
    pipe, text = reader(), "a " * 15 + "b"
    assert await pipe(text, aggregation_strategy="simple") == []
    found = await pipe(text, aggregation_strategy="simple", stride=3)
    assert spans(found) == [("X", 30, 31)]


async def test_a_tokenizer_without_a_limit() -> None:
    """transformers fails in the model then; with a stride its windows are as long as it takes."""
    settings = {**SETTINGS, "model_max_length": 10**30}
    pipe, text = reader(settings=settings), "a " * 15 + "b"
    with pytest.raises(ContextLengthError, match="18 tokens, the model takes 12"):
        await pipe(text)
    assert spans(await pipe(text, aggregation_strategy="max", stride=3)) == [("X", 30, 31)]


def test_the_longest_of_what_overlaps() -> None:
    found = [
        {"start": start, "end": end, "score": score}
        for start, end, score in [(5, 7, 0.9), (0, 2, 0.5), (1, 4, 0.4), (5, 7, 0.95)]
    ]
    kept = [(one["start"], one["end"], one["score"]) for one in without_overlaps(found)]
    assert kept == [(1, 4, 0.4), (5, 7, 0.95)]


def test_a_first_entity_without_a_character_stands_there_twice() -> None:
    """As in transformers: tokens of a byte-level tokenizer may be a space alone."""
    found: list[dict[str, Any]] = [{"start": n, "end": n, "score": 0.5} for n in (2, 4)]
    assert [one["start"] for one in without_overlaps(found)] == [2, 2, 4]
    assert without_overlaps([]) == []


@pytest.mark.parametrize(
    ("inputs", "options", "kind", "says"),
    [
        ("a", {"aggregation_strategy": "mean"}, OptionError, "one of none, simple, first, average"),
        ("a", {"grouped_entities": True}, OptionError, "There is no option 'grouped_entities'"),
        ("a", {"ignore_labels": "O"}, OptionError, "ignore_labels must be a list"),
        ("a", {"ignore_labels": [4]}, OptionError, "ignore_labels must be a list"),
        ("a", {"stride": -1}, OptionError, "stride must be 0 or more"),
        ("a", {"stride": 10}, OptionError, "stride must be less than a window's 10 tokens, not 10"),
        ("a", {"stride": 3, "aggregation_strategy": "none"}, OptionError, "stride needs an"),
        ("a", {"delimiter": " "}, OptionError, "goes with is_split_into_words"),
        ("a", {"is_split_into_words": 1}, OptionError, "must be True or False"),
        ("a", {"is_split_into_words": True}, PromptError, "is a list of its words"),
        ([["a", 4]], {"is_split_into_words": True}, PromptError, "is a list of its words"),
        ([["a"]], {}, PromptError, "must be a string, not list"),
        (None, {}, PromptError, "must be a string, not NoneType"),
        ({"text": "a"}, {}, PromptError, "must be a string, not dict"),
    ],
)
async def test_what_cannot_be(
    inputs: Any, options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await reader()(inputs, **options)
