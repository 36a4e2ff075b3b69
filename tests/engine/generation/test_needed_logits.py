"""How many logits of a row the next token needs: the same token as of the whole row, always."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.generation.logits_processors import make_processors
from intab.engine.generation.next_token import choose, make_picker, needed_logits
from intab.engine.generation.options import GenerationOptions
from intab.engine.model import Model, Texts
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from tests.engine.conftest import CONFIG, SHORT
from tests.engine.support.networks import ToyNetwork, ToySession, make_plan

GREEDY = {"do_sample": False}
SAMPLED = {"do_sample": True}
ALL_NEEDED = (
    {"repetition_penalty": 1.1},
    {"logit_bias": {3: 1.0}},
    {"logprobs": True},
    {"min_new_tokens": 3, "eos_token_id": 1},
    {"no_repeat_ngram_size": 2},
    {"logits_processors": [lambda ids, logits: logits]},
)


def needed(**options: object) -> int:
    made = GenerationOptions.make({"max_new_tokens": 4, **options}, {})
    return needed_logits(made, make_processors(made, 3))


def test_how_many() -> None:
    assert needed(**GREEDY) == 1
    assert needed(**SAMPLED, top_k=40) == 40
    assert needed(**SAMPLED, top_k=256, temperature=1e-3) == 256


@pytest.mark.parametrize("more", [{"top_k": 0}, {"top_k": 257}])
def test_all_where_top_k_does_not_say(more: dict[str, int]) -> None:
    assert needed(**SAMPLED, **more) == 0


@pytest.mark.parametrize("temperature", [9e-4, 1001.0])
def test_all_at_temperatures_that_make_much_equal(temperature: float) -> None:
    assert needed(**SAMPLED, top_k=5, temperature=temperature) == 0


@pytest.mark.parametrize("options", ALL_NEEDED)
def test_all_where_something_looks_at_the_row(options: dict[str, object]) -> None:
    assert needed(**GREEDY, **options) == 0


def narrowed(row: Logits, top: int) -> Logits:
    """What is left of a row: the `top` largest, equal ones, and those up to four floats below."""
    least = np.sort(row)[-top]
    for _ in range(4):
        least = np.nextafter(least, np.float32(-np.inf))
    return np.where(row >= least, row, np.float32(-np.inf))


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.floats(1e-3, 1e3), st.booleans())
def test_the_token_is_that_of_the_whole_row(
    seed: int, top_k: int, temperature: float, near: bool
) -> None:
    """Rows of numbers that a division makes equal, too."""
    rng = np.random.default_rng(seed)
    row = rng.normal(0, 5, 97).astype(np.float32)
    if near:
        start = np.float32(rng.normal(0, 5))
        row = (start.view(np.int32) + rng.integers(0, 40, 97)).astype(np.int32).view(np.float32)
    made = GenerationOptions.make(
        {"do_sample": True, "top_k": top_k, "temperature": temperature, "top_p": 0.9, "seed": 3},
        {},
    )
    found, wanted = (
        choose([], each.copy(), [], make_picker(made)) for each in (narrowed(row, top_k), row)
    )
    assert found == wanted


class NarrowSession(ToySession):
    """Gives what it was told that is needed, and no more."""

    top = 0

    def narrow(self, top: int) -> None:
        self.top = top
        self.network.told.append(top)  # type: ignore[attr-defined]

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        found = await super().step(ids, rows)
        if not self.top:
            return found
        lines = [narrowed(row, self.top) for row in found.reshape(-1, found.shape[-1])]
        return np.array(lines, np.float32).reshape(found.shape)


class NarrowNetwork(ToyNetwork):
    def __init__(self, plan: DecoderPlan) -> None:
        super().__init__(plan)
        self.told: list[int] = []

    def session(self, padding: Sequence[int] = (0,)) -> NarrowSession:
        return NarrowSession(self, padding, [[] for _ in padding])


def ids_of(found: Any) -> list[list[int]]:
    return [list(one.ids) for one in (found if isinstance(found, list) else [found])]


def model_of(network: ToyNetwork, tokenizer: Tokenizer) -> Model:
    return Model("toy", "q8", "", network, Texts(tokenizer, CONFIG, {}, {}, {"default": SHORT}))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"do_sample": False}, 1),
        ({"do_sample": True, "seed": 5, "top_k": 12, "temperature": 1.7}, 12),
        ({"do_sample": True, "seed": 5, "top_k": 0}, 0),
        ({"do_sample": False, "repetition_penalty": 1.3}, 0),
        ({"do_sample": False, "logprobs": True}, 0),
    ],
)
async def test_answers_are_those_of_whole_rows(
    tokenizer: Tokenizer, options: dict[str, Any], told: int, *, together: bool
) -> None:
    plan = make_plan(can_pad=together, can_batch=together)
    network, whole = NarrowNetwork(plan), ToyNetwork(plan)
    for prompts in ("Hello", ["Hello", "abc"]):
        given = {"max_new_tokens": 9, "eos_token_id": [], **options}
        found, wanted = [
            await model_of(each, tokenizer).generate(prompts, **given) for each in (network, whole)
        ]
        assert ids_of(found) == ids_of(wanted)
    assert set(network.told) == {told}


async def test_a_chat_says_it_for_each_answer(tokenizer: Tokenizer) -> None:
    network = NarrowNetwork(make_plan())
    chat = model_of(network, tokenizer).chat()
    for penalty in (1.0, 1.2, 1.0):
        await chat.send("Hi", max_new_tokens=2, do_sample=False, repetition_penalty=penalty)
    assert network.told == [1, 0, 1]
