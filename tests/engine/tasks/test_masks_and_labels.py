"""fill-mask, zero-shot-classification and text-classification at the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.fill_mask import FillMask
from intab.engine.tasks.text_classification import TextClassification
from intab.engine.tasks.zero_shot_classification import ZeroShotClassification, entailment_of
from intab.errors import OptionError, PromptError
from tests.engine.support.pipelines import WORDS, make_pipeline

NLI = {"label2id": {"contradiction": 0, "entailment": 1}}


def next_word(feeds: Arrays) -> NDArray[Any]:
    """Of each token the one before it is likely."""
    return np.asarray(np.eye(len(WORDS))[np.roll(feeds["input_ids"], 1, 1)] * 20, np.float32)


def filler() -> Any:
    return make_pipeline(FillMask(), next_word)[0]


def judge(**about: Any) -> Any:
    """The longer a pair, the likelier."""

    def lengths(feeds: Arrays) -> NDArray[Any]:
        many = feeds["attention_mask"].sum(1).astype(np.float32)
        return np.stack([0 * many, many / 4], -1)

    return make_pipeline(ZeroShotClassification(), lengths, shape=(None, 2), config=NLI, **about)[0]


async def test_every_mask_has_its_list() -> None:
    found = await filler()("a [MASK] b [MASK]", top_k=1)
    assert [one["token_str"] for [one] in found] == ["a", "b"]
    assert found[0][0]["sequence"] == "[CLS] a a b [MASK] [SEP]"
    [[single], [other]] = await filler()(["a [MASK]", "c [MASK]"], top_k=1)
    assert (single["sequence"], other["sequence"]) == ("a a", "c c")


async def test_a_target_that_is_not_in_the_vocabulary() -> None:
    with pytest.warns(UserWarning, match="'ab' is not in the vocabulary: its first piece 'a'"):
        found = await filler()("a [MASK]", targets=["ab", "c"])
    assert {one["token_str"] for one in found} == {"a", "c"}
    with (
        pytest.warns(UserWarning, match="nothing is taken in its place"),
        pytest.raises(OptionError, match="targets has no token"),
    ):
        await filler()("a [MASK]", targets=[""])


@pytest.mark.parametrize(
    ("inputs", "options", "kind", "says"),
    [
        ("a b", {}, PromptError, r"The text has no \[MASK\]: write one"),
        (["a [MASK]", "b"], {}, PromptError, "has no"),
        ("[MASK]", {"top_k": -1}, OptionError, "top_k must be 0 or more"),
        ("[MASK]", {"top_k": 99}, OptionError, "top_k must be at most the 15 tokens"),
        ("[MASK]", {"targets": [4]}, OptionError, "targets must be a string or a list"),
        ("[MASK]", {"truncation": True}, OptionError, "There is no option 'truncation'"),
        ("[MASK]", {"tokenizer_kwargs": {"pad": 1}}, OptionError, "There is no option 'pad'"),
        (b"[MASK]", {}, PromptError, "not bytes"),
        (None, {}, PromptError, "not NoneType"),
        ("", {}, PromptError, "has no"),
    ],
)
async def test_what_cannot_be_filled(
    inputs: Any, options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await filler()(inputs, **options)


async def test_labels_the_likeliest_first() -> None:
    found = await judge()("a", ["b", "b c d", "b c"])
    assert found["labels"] == ["b c d", "b c", "b"]
    assert sum(found["scores"]) == pytest.approx(1)
    assert found["sequence"] == "a"


async def test_a_thousand_labels() -> None:
    labels = [f"{'b ' * (n % 3)}c" for n in range(1000)]
    found = await judge()("a", candidate_labels=labels, batch_size=64)
    assert len(found["labels"]) == 1000
    assert found["scores"] == sorted(found["scores"], reverse=True)


async def test_a_long_text_is_cut_and_its_label_is_not() -> None:
    found = await judge()("a " * 50, ["b", "c d"])
    assert found["labels"][0] == "c d" or found["scores"][0] == found["scores"][1]


@pytest.mark.parametrize(
    ("labels", "number"),
    [
        ({"contradiction": 0, "neutral": 1, "entailment": 2}, 2),
        ({"ENTAILMENT": 0, "NOT": 1}, 0),
        ({"LABEL_0": 0}, -1),
    ],
)
def test_the_label_that_entails(labels: dict[str, int], number: int) -> None:
    assert entailment_of(ModelConfig({"label2id": labels})) == number
    names = {str(place): name for name, place in labels.items()}
    assert entailment_of(ModelConfig({"id2label": names})) == number


@pytest.mark.parametrize(
    ("inputs", "options", "kind", "says"),
    [
        ("a", {}, OptionError, "candidate_labels must be a list"),
        ("a", {"candidate_labels": []}, OptionError, "candidate_labels is empty"),
        ("a", {"candidate_labels": " , "}, OptionError, "candidate_labels is empty"),
        ("a", {"candidate_labels": [4]}, OptionError, "candidate_labels must be a list"),
        ("a", {"candidate_labels": "b", "multi_class": True}, OptionError, "no option 'multi_cla"),
        ("a", {"candidate_labels": "b", "multi_label": 1}, OptionError, "True or False"),
        ("a", {"candidate_labels": "b", "hypothesis_template": "x"}, OptionError, "with one {}"),
        ("a", {"candidate_labels": "b", "hypothesis_template": "{} {}"}, OptionError, "one {}"),
        ("a", {"candidate_labels": "b", "hypothesis_template": 4}, OptionError, "with one {}"),
        ("", {"candidate_labels": "b"}, PromptError, "The text is empty"),
        (b"a", {"candidate_labels": "b"}, PromptError, "not bytes"),
    ],
)
async def test_what_cannot_be_judged(
    inputs: Any, options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await judge()(inputs, **options)


@pytest.mark.parametrize(("logit", "score"), [(0, 0.5), (-200, 0.0), (200, 1.0)])
async def test_labels_by_what_the_graph_gives_if_config_has_none(
    logit: float, score: float
) -> None:
    """One number is a sigmoid's, also where config.json says nothing of labels."""
    one = make_pipeline(
        TextClassification(),
        lambda feeds: np.full((len(feeds["input_ids"]), 1), logit, np.float32),
        shape=(None, 1),
    )[0]
    assert await one("a") == [{"label": "LABEL_0", "score": score}]


async def test_several_inputs_are_a_list() -> None:
    with pytest.raises(OptionError, match="takes one input or a list of them, not 2"):
        await make_pipeline(TextClassification())[0]("a", "b")
