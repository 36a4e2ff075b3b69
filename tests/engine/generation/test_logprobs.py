"""Log-probabilities are the model's own, whatever else the options ask for."""

import math
from typing import Any

import pytest

from intab.engine.generation.sampling import log_softmax
from intab.engine.model import Model, Texts
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import OptionError
from tests.engine.conftest import CONFIG, TEMPLATE
from tests.engine.support.networks import VOCABULARY, ToyNetwork


@pytest.fixture
def model(tokenizer: Tokenizer) -> Model:
    return Model(
        "toy", "q8", "", ToyNetwork(), Texts(tokenizer, CONFIG, {}, {}, {"default": TEMPLATE})
    )


@pytest.mark.parametrize(
    "options", [{}, {"temperature": 2.0, "seed": 1}, {"repetition_penalty": 2.0, "top_k": 3}]
)
async def test_those_of_the_model(model: Model, options: dict[str, Any]) -> None:
    answer = await model.generate("Hello", max_new_tokens=4, top_logprobs=3, **options)
    assert answer.logprobs is not None
    assert [one.id for one in answer.logprobs] == list(answer.ids)
    ids = model.encode("Hello")
    for one in answer.logprobs:
        row = log_softmax((await ToyNetwork().session().step([ids]))[0, -1])
        assert one.logprob == pytest.approx(float(row[one.id]), abs=1e-6)
        assert one.text == model.tokenizer.decode([one.id])
        best = sorted(range(VOCABULARY), key=lambda i: -row[i])
        assert [entry.id for entry in one.top] == best[:3]
        assert [entry.logprob for entry in one.top] == [float(row[entry.id]) for entry in one.top]
        ids.append(one.id)


async def test_each_chunk_has_those_of_its_ids(model: Model) -> None:
    chunks = [chunk async for chunk in model.stream("Hello", max_new_tokens=6, logprobs=True)]
    for chunk in chunks:
        assert chunk.logprobs is not None
        assert tuple(one.id for one in chunk.logprobs) == chunk.ids
        assert all(one.top == () for one in chunk.logprobs)


async def test_none_that_were_not_asked_for(model: Model) -> None:
    answer = await model.generate("Hello", max_new_tokens=2)
    assert answer.logprobs is None
    answer = await model.generate("Hello", max_new_tokens=2, top_logprobs=0)
    assert answer.logprobs is None


async def test_an_end_token_has_one(model: Model) -> None:
    first = await model.generate("Hello", max_new_tokens=1)
    answer = await model.generate("Hello", eos_token_id=first.ids[0], logprobs=True)
    assert (answer.text, answer.finish_reason) == ("", "eos")
    assert answer.logprobs is not None
    assert math.exp(answer.logprobs[0].logprob) <= 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"top_logprobs": 21}, "from 0 to 20"),
        ({"top_logprobs": -1}, "from 0 to 20"),
        ({"logprobs": 3}, "True or False"),
        ({"logprobs": False, "top_logprobs": 3}, "no effect without logprobs=True"),
    ],
)
def test_out_of_range(model: Model, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        model.stream("Hello", **options)
