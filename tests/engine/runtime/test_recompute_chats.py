"""Chats, snapshots and beams over caches that do not hold for ever answer as fresh prompts do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from intab.engine.chat import Chat
from intab.engine.model import Model, Texts
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.runtime.recompute import recompute_where_needed
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from tests.engine.conftest import CONFIG, SHORT
from tests.engine.runtime.test_recompute import PLANS, KeepingNetwork, whole
from tests.engine.support.networks import ToyNetwork, ToySession

OPTIONS: dict[str, Any] = {"max_new_tokens": 4, "eos_token_id": []}


class WholeSession(ToySession):
    """Computes the whole text at each step."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        self.ids = [old + list(new) for old, new in zip(self.ids, ids, strict=True)]
        return np.array([[whole(row, self.network.plan)] for row in self.ids])

    def fork(self) -> WholeSession:
        return WholeSession(self.network, self.padding, self.ids)


class WholeNetwork(ToyNetwork):
    def session(self, padding: Sequence[int] = (0,)) -> ToySession:
        return WholeSession(self, padding, [[] for _ in padding])


@pytest.fixture(params=PLANS)
def plan(request: pytest.FixtureRequest) -> DecoderPlan:
    """The switch lies within the first turns of a chat."""
    return PLANS[request.param]


@pytest.fixture
def texts(tokenizer: Tokenizer) -> Texts:
    return Texts(tokenizer, CONFIG, {}, {}, {"default": SHORT})


@pytest.fixture
def model(plan: DecoderPlan, texts: Texts) -> Model:
    network = recompute_where_needed(KeepingNetwork(plan))
    return Model("keeping", "q8", "for the test", network, texts)


async def check(model: Model, chat: Chat, said: str) -> None:
    """The next answer is that of all messages in a prompt of their own."""
    messages = [*chat.messages, {"role": "user", "content": said}]
    wanted = await model.generate(messages, **OPTIONS)
    assert (await chat.send(said)).ids == wanted.ids


async def test_turns_edits_forks_and_snapshots(model: Model) -> None:
    chat = model.chat(**OPTIONS)
    await check(model, chat, "a")
    before = chat.snapshot()
    await check(model, chat, "bc")
    fork = chat.fork()
    chat.messages[-2]["content"] = "d"
    del chat.messages[-1]
    wanted = await model.generate(chat.messages, **OPTIONS)
    assert (await chat.send()).ids == wanted.ids
    await check(model, fork, "e")
    chat.restore(before)
    await check(model, chat, "xyz")
    for one in (chat, fork, before):
        one.close()


async def test_a_system_prompt_that_is_computed_beforehand(model: Model) -> None:
    for system in ("s", "a longer one"):
        chat = model.chat(system, **OPTIONS)
        await chat.prefill()
        await check(model, chat, "a")
        chat.close()


async def test_beams_and_several_answers(model: Model, plan: DecoderPlan, texts: Texts) -> None:
    """Over the switch, as by a network that computes the whole text at each step."""
    fresh = WholeNetwork(replace(plan, all_rows=False, can_batch=False))
    right = Model("whole", "q8", "for the test", fresh, texts)
    for prompt in ("ab", "abcd", "abcdefgh"):
        for asked in ({"num_beams": 3, "num_return_sequences": 2}, {"num_return_sequences": 2}):
            options = {**OPTIONS, **asked, "seed": 1, "do_sample": "num_beams" not in asked}
            found, wanted = [await each.generate(prompt, **options) for each in (model, right)]
            assert [one.ids for one in found] == [one.ids for one in wanted]
    prompts = ["ab", "abcd", "abcdefgh"]
    found, wanted = [await each.generate(prompts, **OPTIONS) for each in (model, right)]
    assert [one.ids for one in found] == [one.ids for one in wanted]
