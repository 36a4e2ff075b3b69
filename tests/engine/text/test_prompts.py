"""A prompt in ids: the same answers as from the text that they are the ids of."""

from typing import Any

import numpy as np
import pytest

from intab.engine.model import Model, Texts
from intab.engine.text.prompts import is_batch, is_ids
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import EmptyPromptError, PromptError
from tests.engine.conftest import CONFIG, TEMPLATE, Maker
from tests.engine.support.networks import ToyNetwork

GREEDY = {"max_new_tokens": 6, "eos_token_id": []}


@pytest.fixture
def model(tokenizer: Tokenizer) -> Model:
    return Model(
        "toy", "q8", "", ToyNetwork(), Texts(tokenizer, CONFIG, {}, {}, {"default": TEMPLATE})
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prompt_lookup_num_tokens": 4},
        {"num_beams": 3},
        {"num_beams": 2, "num_return_sequences": 2},
        {"seed": 1, "num_return_sequences": 2},
        {"prefill_chunk_size": 2},
        {"truncation": True, "max_new_tokens": 60},
    ],
)
async def test_ids_answer_as_their_text(model: Model, options: dict[str, Any]) -> None:
    options = {**GREEDY, **options}
    text = "abcabcabc" * (6 if "truncation" in options else 1)
    ids = model.encode(text)
    wanted = await model.generate(text, **options)
    for prompt in (ids, tuple(ids), np.array(ids), np.array(ids, np.int32), list(np.array(ids))):
        assert whole(await model.generate(prompt, **options)) == whole(wanted)
    for rows in ([ids], [np.array(ids)], np.array([ids])):
        [found] = await model.generate(rows, **options)
        assert whole(found) == whole(wanted)


def whole(found: Any) -> Any:
    several = found if isinstance(found, list) else [found]
    return [(one.text, one.ids, one.metrics.prompt_tokens) for one in several]


async def test_rows_texts_and_messages_side_by_side(model: Model) -> None:
    hello: Any = [{"role": "user", "content": "Hi"}]
    prompts = [model.encode("abc"), "xy", hello, model.encode("defg")]
    together = await model.generate(prompts, **GREEDY)
    alone = [await model.generate(prompt, **GREEDY) for prompt in prompts]
    assert [one.ids for one in together] == [one.ids for one in alone]


async def test_a_stream_takes_ids_of_one_prompt(make_model: Maker) -> None:
    model, network = make_model("fine")
    chunks = [str(chunk) async for chunk in model.stream([7, 8, 9])]
    assert "".join(chunks) == "fine"
    assert network.sessions[0].steps[0] == [[7, 8, 9]]
    with pytest.raises(PromptError, match="A stream has one prompt"):
        model.stream([[7, 8, 9]])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ([1, 257], "has the token id 257, but the model's ids are 0 to 256"),
        ([-1, 5], "has the token id -1, but the model's ids are 0 to 256"),
        ([[1], [300]], "has the token id 300"),
        (np.array([2**40]), "has the token id 1099511627776"),
        ([1, 2.5], r"whole numbers alone, not 2\.5"),
        ([1.0, 2.0], "whole numbers alone"),
        ([1, "a"], "whole numbers alone, not 'a'"),
        ([True, False], "whole numbers alone, not True"),
        (np.array([1.5]), "whole numbers alone"),
        (np.array([True]), "whole numbers alone"),
        (np.zeros((1, 1, 1), int), "not 3 dimensions"),
        (np.array(5), "not 0 dimensions"),
        ({1: 2}, "or a list of token ids, not dict"),
    ],
)
async def test_what_is_no_prompt(model: Model, prompt: Any, words: str) -> None:
    with pytest.raises(PromptError, match=words):
        await model.generate(prompt, **GREEDY)


async def test_no_ids(model: Model) -> None:
    with pytest.raises(EmptyPromptError):
        await model.generate(np.array([], int), **GREEDY)
    with pytest.raises(PromptError):
        await model.generate(np.zeros((0, 3), int), **GREEDY)


async def test_ids_have_no_chat_template(model: Model) -> None:
    with pytest.raises(PromptError, match="tools is for the chat template"):
        await model.generate([1, 2], chat_template_kwargs={"tools": []}, **GREEDY)


def test_what_is_several_prompts() -> None:
    for one in ("a", [], [1], [{"role": "user"}], np.zeros(3, int), np.zeros((0, 3), int)):
        assert not is_batch(one)
    for several in (["a"], [[1]], [[{"role": "user"}]], np.zeros((1, 3), int), [np.zeros(2)]):
        assert is_batch(several)
        assert not isinstance(several, list) or not is_ids(several)


async def test_ids_beyond_the_tokenizer_are_the_models(tokenizer: Tokenizer) -> None:
    """A model may have more logits than its tokenizer has tokens."""
    texts = Texts(tokenizer, {**CONFIG, "eos_token_id": None}, {}, {}, {})
    model = Model("toy", "q8", "", ToyNetwork(), texts, vocabulary=300)
    options: dict[str, Any] = {"suppress_tokens": [299], "forced_bos_token_id": 298}
    assert model._job([299], options, {}).prompt == [299]
    with pytest.raises(PromptError, match="ids are 0 to 299"):
        model._job([300], options, {})
