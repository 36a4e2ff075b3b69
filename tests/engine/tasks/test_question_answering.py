"""Answers out of texts: by hand where transformers' own answers (tests/golden) do not show it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays, TensorInfo
from intab.engine.tasks.question_answering import QuestionAnswering
from intab.engine.tasks.spans import best_spans
from intab.errors import ContextLengthError, OptionError, PromptError
from tests.engine.support.pipelines import SETTINGS, make_pipeline


def finder(**about: Any) -> Any:
    """One whose answers start and end with b."""
    pipe, network = make_pipeline(QuestionAnswering(), **about)
    names = ("start_logits", "end_logits")
    network.outputs = [TensorInfo(name, "float32", (None, None)) for name in names]

    def found(feeds: Arrays) -> dict[str, NDArray[Any]]:
        logits = np.asarray((feeds["input_ids"] == 6) * 9.0, np.float32)
        return dict.fromkeys(names, logits)

    network._function = found
    return pipe


async def test_ways_to_ask() -> None:
    pipe, wanted = finder(), {"start": 4, "end": 5, "answer": "b"}
    for args, kwargs in (
        ((), {"question": "a", "context": "😀 c b"}),
        (("a", "😀 c b"), {}),
        (({"question": "a", "context": "😀 c b"},), {}),
        (([{"question": "a", "context": "😀 c b"}],), {}),
    ):
        found = await pipe(*args, **kwargs)
        assert found.pop("score") > 0.9
        assert found == wanted
    assert [one["answer"] for one in await pipe(question=["a", "c"], context="b")] == ["b", "b"]


async def test_examples_of_a_generator() -> None:
    examples = ({"question": "a", "context": "c " * n + "b"} for n in range(3))
    assert [one["start"] async for one in finder()(examples, batch_size=2)] == [0, 2, 4]


async def test_a_long_context_is_never_cut() -> None:
    context = "c " * 40 + "b"
    found = await finder()(question="a", context=context, doc_stride=2, batch_size=3)
    assert (found["answer"], found["start"]) == ("b", 80)


async def test_a_context_without_an_answer() -> None:
    found = await finder()(question="a", context="c d", handle_impossible_answer=True)
    assert found["answer"] in ("", "c", "d", "c d")
    nothing = await finder()(question="a", context=" ", top_k=3)
    assert nothing == {"score": 0.0, "start": 0, "end": 0, "answer": ""}


def test_the_best_spans_are_no_longer_than_asked() -> None:
    start, end = np.array([0, 0.9, 0.1], np.float32), np.array([0, 0.2, 0.8], np.float32)
    wanted = np.array([True, True, True])
    assert best_spans(start, end, 1, 2, wanted)[0][:2] == (1, 2)
    assert best_spans(start, end, 1, 1, wanted)[0][:2] == (1, 1)


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"question": ""}, PromptError, "The question is empty"),
        ({"context": ""}, PromptError, "The context is empty"),
        ({"context": b"a"}, PromptError, "not bytes: decode it"),
        ({"context": 4}, PromptError, "must be a string, not int"),
        ({"question": None}, OptionError, "Pass question= and context="),
        ({"question": ["a", "b"], "context": ["a"]}, OptionError, "2 questions and 1 contexts"),
        ({"top_k": 0}, OptionError, "top_k must be 1 or more"),
        ({"max_answer_len": 0}, OptionError, "max_answer_len must be 1 or more"),
        ({"max_seq_len": "x"}, OptionError, "max_seq_len must be a whole number"),
        ({"doc_stride": 400, "max_seq_len": 12}, OptionError, "is larger than max_seq_len"),
        ({"doc_stride": 9}, OptionError, "leaves 8 of 12 tokens to the context, and doc_stride"),
        ({"question": "a " * 10}, OptionError, "leaves 0 of 12 tokens to the context"),
        ({"align_to_words": 1}, OptionError, "align_to_words must be True or False"),
        ({"padding": "max_length"}, OptionError, "padding has no effect"),
        ({"max_query_len": 4}, OptionError, "no option 'max_query_len'"),
    ],
)
async def test_what_cannot_be(options: dict[str, Any], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        await finder()(**{"question": "a", "context": "b c", **options})


@pytest.mark.parametrize("wrong", ["a", 4, {"question": "a"}, {"question": "a", "text": "b"}])
async def test_what_is_no_question(wrong: Any) -> None:
    with pytest.raises(PromptError, match="A question is"):
        await finder()(wrong)


async def test_windows_that_the_model_cannot_take() -> None:
    pipe = finder(settings={**SETTINGS, "model_max_length": 20})
    with pytest.raises(ContextLengthError, match="20 tokens, the model takes 12"):
        await pipe(question="a", context="b " * 40, max_seq_len=20, doc_stride=2)
