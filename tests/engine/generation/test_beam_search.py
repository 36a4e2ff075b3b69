"""Beam search against a search of every answer, its ends, and that all is free afterwards.

tests/native/test_reference.py has transformers' own answers.
"""

from itertools import product
from typing import Any

import numpy as np
import pytest

from intab.engine.generation.sampling import log_softmax
from intab.engine.model import Model, Texts
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from intab.errors import OptionError
from tests.engine.conftest import CONFIG, TEMPLATE
from tests.engine.support.networks import ToyNetwork, make_plan

FEW = [3, 50, 200]


def only_few(ids: list[int], logits: Logits) -> Logits:
    """Leave three tokens, so that every answer can be tried."""
    kept = logits[FEW].copy()
    logits[:] = -np.inf
    logits[FEW] = kept
    return logits


@pytest.fixture
def network() -> ToyNetwork:
    return ToyNetwork()


@pytest.fixture
def model(tokenizer: Tokenizer, network: ToyNetwork) -> Model:
    return Model("toy", "q8", "", network, Texts(tokenizer, CONFIG, {}, {}, {"default": TEMPLATE}))


async def scored(network: ToyNetwork, prompt: list[int], answer: tuple[int, ...]) -> float:
    """The sum of the answer's log-probabilities."""
    session = network.session()
    rows = (await session.step([[*prompt, *answer[:-1]]], rows=len(answer)))[0]
    return float(sum(log_softmax(row)[token] for row, token in zip(rows, answer, strict=True)))


async def test_the_best_of_every_answer(model: Model, network: ToyNetwork) -> None:
    prompt = model.encode("Hello")
    wanted = [(await scored(network, prompt, one), one) for one in product(FEW, repeat=3)]
    wanted.sort(reverse=True)
    found = await model.generate(
        "Hello",
        num_beams=27,
        num_return_sequences=5,
        max_new_tokens=3,
        length_penalty=0.0,
        logits_processors=[only_few],
        logprobs=True,
    )
    assert [one.ids for one in found] == [answer for _, answer in wanted[:5]]
    for one, (score, _) in zip(found, wanted, strict=False):
        assert one.score == pytest.approx(score, abs=1e-4)
        assert one.logprobs is not None
        assert sum(entry.logprob for entry in one.logprobs) == pytest.approx(score, abs=1e-4)


async def test_the_least_numbers_are_no_candidates_beside_a_forced_token(model: Model) -> None:
    """remove_invalid_values makes -3.4e38 of what a forced first token excludes: as in transformers
    all beams begin with that token."""
    options: dict[str, Any] = {"num_beams": 4, "max_new_tokens": 1, "forced_bos_token_id": 50}
    options |= {"num_return_sequences": 4, "renormalize_logits": True}
    plain = await model.generate([65], **options)
    found = await model.generate([65], **options, remove_invalid_values=True)
    assert [one.ids for one in found] == [one.ids for one in plain] == [(50,)] * 4


@pytest.mark.parametrize("stopping", [True, False, "never"])
async def test_one_beam_that_looks_ahead_is_not_worse(model: Model, stopping: Any) -> None:
    one = await model.generate("Hello", num_beams=2, max_new_tokens=5, early_stopping=stopping)
    many = await model.generate("Hello", num_beams=9, max_new_tokens=5, early_stopping=stopping)
    assert one.score is not None
    assert many.score is not None
    assert many.score >= one.score
    assert (one.finish_reason, len(one.ids)) == ("length", 5)
    assert one.metrics.new_tokens == 5


@pytest.mark.parametrize("plan", [make_plan(can_batch=False), make_plan(can_pad=False)])
async def test_beams_one_by_one(tokenizer: Tokenizer, model: Model, plan: Any) -> None:
    texts = Texts(tokenizer, CONFIG, {}, {}, {"default": TEMPLATE})
    apart = Model("toy", "q8", "", ToyNetwork(plan), texts)
    options: dict[str, Any] = {"num_beams": 3, "num_return_sequences": 3, "max_new_tokens": 6}
    one, other = [await each.generate("Hello", **options) for each in (model, apart)]
    assert [(a.ids, a.score) for a in one] == [(b.ids, b.score) for b in other]


async def test_an_end_token_ends_a_beam_and_is_not_text(model: Model) -> None:
    plain = await model.generate("Hello", num_beams=3, max_new_tokens=6)
    eos = plain.ids[2]
    found = await model.generate(
        "Hello", num_beams=3, num_return_sequences=3, max_new_tokens=6, eos_token_id=eos
    )
    ended = [one for one in found if one.finish_reason == "eos"]
    assert ended
    assert all(one.ids[-1] == eos and eos not in one.ids[:-1] for one in ended)
    assert all(one.text == model.tokenizer.decode(one.ids[:-1]) for one in ended)


async def test_a_stop_string_ends_a_beam_and_is_not_text(model: Model) -> None:
    plain = await model.generate("Hello", num_beams=3, max_new_tokens=6)
    stop = plain.text[2]
    found = await model.generate(
        "Hello", num_beams=3, num_return_sequences=3, max_new_tokens=6, stop=stop
    )
    assert "stop" in {one.finish_reason for one in found}
    assert all(stop not in one.text for one in found)


async def test_time_ends_a_search(model: Model) -> None:
    found = await model.generate("Hello", num_beams=3, max_time=1e-9)
    assert (found.finish_reason, len(found.ids)) == ("time", 1)


async def test_several_prompts_have_searches_of_their_own(model: Model) -> None:
    options: dict[str, Any] = {"num_beams": 3, "max_new_tokens": 4}
    alone = [await model.generate(prompt, **options) for prompt in ("Hello", "abc")]
    together = await model.generate(["Hello", "abc"], **options)
    assert [one.ids for one in together] == [one.ids for one in alone]


async def test_drawn_beams_repeat_with_a_seed(model: Model) -> None:
    async def once(seed: int) -> list[tuple[int, ...]]:
        found = await model.generate(
            "Hello", num_beams=3, num_return_sequences=3, temperature=2.0, seed=seed,
            max_new_tokens=5,
        )  # fmt: skip
        assert sorted(found, key=lambda one: -(one.score or 0)) == found
        return [one.ids for one in found]

    assert await once(1) == await once(1)
    assert await once(1) != await once(2)


async def test_drawn_beams_are_drawn_as_often_as_they_are_probable(model: Model) -> None:
    """The first of the draws, two beams that end at once: chi-squared at 1 in 1,000."""
    network = ToyNetwork()
    session = network.session()
    row = (await session.step([model.encode("Hello")]))[0, -1]
    weights = np.exp(log_softmax(only_few([], row.copy()))[FEW].astype(float))
    counts = dict.fromkeys(FEW, 0)
    for seed in range(400):
        found = await model.generate(
            "Hello", num_beams=2, num_return_sequences=2, do_sample=True, seed=seed, top_k=0,
            max_new_tokens=1, logits_processors=[only_few],
        )  # fmt: skip
        for one in found:
            counts[one.ids[0]] += 1
    second = weights * sum(weights / (1 - weights)) - weights**2 / (1 - weights)
    wanted = 400 * (weights + second)
    statistic = float(((np.array(list(counts.values())) - wanted) ** 2 / wanted).sum())
    assert statistic < 13.8


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"num_beams": 2, "num_return_sequences": 3}, "num_beams is 2"),
        ({"length_penalty": 2.0}, "without num_beams above 1"),
        ({"early_stopping": True}, "without num_beams above 1"),
        ({"num_beams": 2, "early_stopping": "always"}, 'True, False or "never"'),
        ({"num_beams": 0}, "1 or more"),
        ({"num_beams": 2, "length_penalty": float("inf")}, "a finite number"),
    ],
)
async def test_options_that_do_not_fit(model: Model, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        await model.generate("Hello", **options)


def test_a_stream_has_no_beams(model: Model) -> None:
    with pytest.raises(OptionError, match="use generate"):
        model.stream("Hello", num_beams=2)


async def test_an_exception_frees_everything(model: Model, network: ToyNetwork) -> None:
    def fail(ids: list[int], logits: Logits) -> Logits:
        if len(ids) > 6:
            raise ZeroDivisionError
        return logits

    with pytest.raises(ZeroDivisionError):
        await model.generate("Hello", num_beams=3, logits_processors=[fail])
    assert all(session.closed for session in network.sessions)
    assert await model.generate("Hello", num_beams=3, max_new_tokens=2)
