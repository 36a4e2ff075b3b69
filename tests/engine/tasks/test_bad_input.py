"""What is no text, an empty text and one that is too long: what each task that reads says to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays, TensorInfo
from intab.engine.tasks.base import ArrayTask
from intab.engine.tasks.feature_extraction import FeatureExtraction
from intab.engine.tasks.fill_mask import FillMask
from intab.engine.tasks.question_answering import QuestionAnswering
from intab.engine.tasks.sentence_similarity import SentenceSimilarity
from intab.engine.tasks.text_classification import TextClassification
from intab.engine.tasks.text_ranking import TextRanking
from intab.engine.tasks.token_classification import TokenClassification
from intab.engine.tasks.zero_shot_classification import ZeroShotClassification
from intab.errors import ContextLengthError, OptionError, PromptError
from tests.engine.support.pipelines import WORDS, make_pipeline

LONG = "a " * 30  # the model takes 12 tokens
# Each task, its outputs' axes, and how a call has the text in it.
TASKS: dict[str, tuple[ArrayTask, int, Any]] = {
    "text-classification": (TextClassification(), 2, lambda text: ((text,), {})),
    "token-classification": (TokenClassification(), 3, lambda text: ((text,), {})),
    "feature-extraction": (FeatureExtraction(), 3, lambda text: ((text,), {})),
    "fill-mask": (FillMask(), 3, lambda text: ((text,), {})),
    "zero-shot-classification": (ZeroShotClassification(), 2, lambda text: ((text, ["b"]), {})),
    "question-answering": (
        QuestionAnswering(),
        2,
        lambda text: ((), {"question": "a", "context": text, "doc_stride": 2}),
    ),
    "sentence-similarity": (SentenceSimilarity(), 3, lambda text: ((text, ["b"]), {})),
    "text-ranking": (TextRanking(), 1, lambda text: (("a", [text]), {})),
}


def numbers(axes: int, feeds: Arrays) -> NDArray[Any]:
    """Outputs of [rows, tokens, words], [rows, 2] or [rows, 1], alike for every text."""
    rows, tokens = feeds["input_ids"].shape
    shape = {1: (rows, 1), 2: (rows, 2), 3: (rows, tokens, len(WORDS))}[axes]
    return np.ones(shape, np.float32)


def reader(name: str) -> Any:
    task, axes, _ = TASKS[name]
    pipe, network = make_pipeline(task, lambda feeds: numbers(axes, feeds))
    if name == "question-answering":
        names = ("start_logits", "end_logits")
        network.outputs = [TensorInfo(each, "float32", (None, None)) for each in names]
        network._function = lambda feeds: {
            each: np.ones(feeds["input_ids"].shape, np.float32) for each in names
        }
    return pipe


async def ask(name: str, text: Any, **options: Any) -> Any:
    args, given = TASKS[name][2](text)
    return await reader(name)(*args, **given, **options)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("wrong", [None, b"a", bytearray(b"a"), 4, 0.5, ["a", None]])
async def test_what_is_no_text(name: str, wrong: Any) -> None:
    kinds = (PromptError, OptionError) if name == "question-answering" else PromptError
    with pytest.raises(kinds) as caught:
        await ask(name, wrong)
    assert len(str(caught.value).split()) > 3
    if isinstance(wrong, bytes):
        assert 'not bytes: decode it, e.g. .decode("utf-8")' in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("fill-mask", {"tokenizer_kwargs": 5}, "tokenizer_kwargs must be a dict, not 5"),
        ("feature-extraction", {"tokenize_kwargs": 5}, "tokenize_kwargs must be a dict, not 5"),
        ("token-classification", {"ignore_labels": 5}, "must be a list of labels, not 5"),
        ("token-classification", {"ignore_labels": "PER"}, "must be a list of labels"),
        ("text-ranking", {"activation_fn": lambda _: None}, r"gave object \(\) of 1 numbers"),
        ("text-ranking", {"activation_fn": lambda x: x[:0]}, r"gave float32 \(0,\) of 1"),
    ],
)
async def test_an_option_of_another_kind(name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        await ask(name, "a", **options)


async def test_pairs_that_are_none() -> None:
    for wrong in (5, None, "ab"):
        with pytest.raises(PromptError, match="Pass a pair of texts"):
            await reader("text-ranking").predict(wrong)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("fill-mask", r"The text has no \[MASK\]"),
        ("zero-shot-classification", "The text is empty"),
        ("question-answering", "The context is empty"),
    ],
)
async def test_an_empty_text_that_says_nothing(name: str, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        await ask(name, "")


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("text-classification", 1),
        ("token-classification", 0),
        ("feature-extraction", 1),
        ("sentence-similarity", 1),
        ("text-ranking", 1),
    ],
)
async def test_an_empty_text_that_is_read(name: str, count: int) -> None:
    """As transformers does it: its start and end are tokens too."""
    assert len(await ask(name, "")) == count


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("text-classification", {"truncation": True}),
        ("feature-extraction", {"truncation": True}),
        ("fill-mask", {"tokenizer_kwargs": {"truncation": True}}),
    ],
)
async def test_a_long_text_is_cut_if_that_is_asked_for(name: str, options: dict[str, Any]) -> None:
    text = f"[MASK] {LONG}" if name == "fill-mask" else LONG
    with pytest.raises(ContextLengthError, match=r"the model takes 12: .*pass truncation=True"):
        await ask(name, text)
    assert await ask(name, text, **options)


@pytest.mark.parametrize(
    "name",
    [
        *("token-classification", "zero-shot-classification", "question-answering"),
        *("sentence-similarity", "text-ranking"),
    ],
)
async def test_a_long_text_is_read_as_the_task_says(name: str) -> None:
    """Cut to the tokenizer's or the model's length; answers are looked for in windows."""
    assert await ask(name, LONG)
