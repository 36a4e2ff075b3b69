"""Several answers at once: each is what it would be alone, and everything is free afterwards."""

import asyncio
from typing import Any

import numpy as np
import pytest

from intab.engine.generation.sequences import OneByOne, open_session
from intab.engine.model import Model, Texts
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from intab.errors import ContextLengthError, OptionError, PromptError
from tests.engine.conftest import CONFIG, TEMPLATE
from tests.engine.support.networks import EOS, ToyNetwork, ToySession, make_plan
from tests.engine.support.session_contract import CONTRACT, Check

PROMPTS = ["Hello", "abc", "a much longer prompt", "x"]
PLANS = {
    "padded": make_plan(),
    "no padding": make_plan(can_pad=False),
    "one sequence": make_plan(can_batch=False),
}


@pytest.fixture(params=PLANS)
def network(request: pytest.FixtureRequest) -> ToyNetwork:
    return ToyNetwork(PLANS[request.param])


def make(tokenizer: Tokenizer, network: ToyNetwork) -> Model:
    return Model("toy", "q8", "", network, Texts(tokenizer, CONFIG, {}, {}, {"default": TEMPLATE}))


@pytest.fixture
def model(tokenizer: Tokenizer, network: ToyNetwork) -> Model:
    return make(tokenizer, network)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_new_tokens": 9, "eos_token_id": [83, 128, 216]},
        {"seed": 3, "temperature": 2.0, "top_k": 20},
        {"repetition_penalty": 1.5, "no_repeat_ngram_size": 2, "logprobs": True, "top_logprobs": 2},
        {"prefill_chunk_size": 3},
        {"stop": ["a", "\ufffd"]},
    ],
)
async def test_each_is_as_alone(model: Model, network: ToyNetwork, options: dict[str, Any]) -> None:
    options = {"max_new_tokens": 12, **options}
    alone = [await model.generate(prompt, **options) for prompt in PROMPTS]
    together = await model.generate(PROMPTS, **options)
    for one, other in zip(alone, together, strict=True):
        assert one.ids == other.ids
        assert (one.text, one.finish_reason) == (other.text, other.finish_reason)
        assert one.logprobs == other.logprobs
        assert one.metrics.prompt_tokens == other.metrics.prompt_tokens
        assert one.metrics.new_tokens == other.metrics.new_tokens
    assert all(session.closed for session in network.sessions)


async def test_one_that_ended_leaves_the_batch(tokenizer: Tokenizer) -> None:
    network = ToyNetwork()
    model = make(tokenizer, network)
    first = await model.generate(PROMPTS[0], max_new_tokens=8)
    found = await model.generate(PROMPTS, max_new_tokens=8, eos_token_id=first.ids[1])
    assert {one.finish_reason for one in found} == {"eos", "length"}
    lengths = [len(one.ids) for one in found]
    widths = [len(step) for step in network.sessions[-1].steps]
    assert widths == [sum(length > k for length in lengths) for k in range(max(lengths))]


async def test_messages_and_strings(model: Model) -> None:
    chat = [{"role": "user", "content": "Hi"}]
    alone = [await model.generate(prompt, max_new_tokens=3) for prompt in (chat, "Hi")]
    assert [one.ids for one in await model.generate([chat, "Hi"], max_new_tokens=3)] == [
        one.ids for one in alone
    ]
    assert (await model.generate([chat], max_new_tokens=3))[0].ids == alone[0].ids


async def test_several_answers_to_each(model: Model) -> None:
    options: dict[str, Any] = {"temperature": 3.0, "seed": 4, "max_new_tokens": 6}
    first = await model.generate("Hello", **options)
    several = await model.generate("Hello", num_return_sequences=3, **options)
    assert several[0].ids == first.ids
    assert len({one.ids for one in several}) == 3
    again = await model.generate(["Hello", "abc"], num_return_sequences=3, **options)
    assert [one.ids for one in again[0]] == [one.ids for one in several]
    assert [len(row) for row in again] == [3, 3]
    assert await model.generate("Hello", num_return_sequences=1, max_new_tokens=1)


async def test_a_config_that_asks_for_several(tokenizer: Tokenizer) -> None:
    config = {"num_return_sequences": 2, "do_sample": True, "max_new_tokens": 2}
    texts = Texts(tokenizer, CONFIG, config, {}, {"default": TEMPLATE})
    model = Model("toy", "q8", "", ToyNetwork(), texts)
    found: Any = await model.generate("Hello")
    assert len(found) == 2
    with pytest.raises(OptionError, match="use generate"):
        model.stream("Hello")


@pytest.mark.parametrize(
    ("prompt", "options", "error", "says"),
    [
        ("x", {"num_return_sequences": 2}, OptionError, "greedy decoding has one answer"),
        ([], {}, PromptError, "empty"),
        (["x", ""], {}, PromptError, "at least one character"),
        (["x", 5], {}, PromptError, "not int"),
        (["x", "y" * 64], {}, ContextLengthError, "64 tokens"),
        (["x", "y"], {"prompt_lookup_num_tokens": 4}, OptionError, "one answer at a time"),
        ("x", {"prompt_lookup_num_tokens": 4, "num_beams": 2}, OptionError, "one answer at a time"),
    ],
)
async def test_what_cannot_be_run(
    tokenizer: Tokenizer, prompt: Any, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    network = ToyNetwork()
    with pytest.raises(error, match=says):
        await make(tokenizer, network).generate(prompt, **options)
    assert network.sessions == []


async def test_an_exception_frees_everything(model: Model, network: ToyNetwork) -> None:
    calls = []

    def fail(ids: list[int], logits: Logits) -> Logits:
        calls.append(len(ids))
        if len(calls) > len(PROMPTS):
            raise ZeroDivisionError
        return logits

    with pytest.raises(ZeroDivisionError):
        await model.generate(PROMPTS, logits_processors=[fail])
    assert all(session.closed for session in network.sessions)
    [answer] = await model.generate(["Hello"], max_new_tokens=3)
    assert answer.ids == (await model.generate("Hello", max_new_tokens=3)).ids


@pytest.mark.parametrize(
    "options",
    [{}, {"num_beams": 3}, {"num_return_sequences": 3, "seed": 1}],
    ids=["batch", "beams", "several"],
)
async def test_a_call_that_is_cancelled_frees_everything(
    model: Model, network: ToyNetwork, options: dict[str, Any]
) -> None:
    running = asyncio.create_task(model.generate(PROMPTS, max_new_tokens=30, **options))
    for _ in range(20):  # turns of the event loop: about as many steps
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert network.sessions
    assert all(session.closed for session in network.sessions)
    alone = await model.generate("Hello", max_new_tokens=3)
    assert [one.ids for one in await model.generate(["Hello"], max_new_tokens=3)] == [alone.ids]


class Influenced(ToySession):
    """In company, a sequence gets other numbers than alone."""

    async def step(self, ids: Any, rows: int = 1) -> Logits:
        return await super().step(ids, rows) * np.float32(1 + 0.1 * (len(ids) > 1))


async def test_a_graph_that_is_not_as_it_says_runs_one_by_one(tokenizer: Tokenizer) -> None:
    class Network(ToyNetwork):
        def session(self, padding: Any = (0,)) -> ToySession:
            return Influenced(self, padding, [[] for _ in padding])

    network = Network()
    model = make(tokenizer, network)
    alone = [(await model.generate(prompt, max_new_tokens=5)).ids for prompt in PROMPTS]
    network.sessions.clear()
    for _ in range(2):
        found = await model.generate(PROMPTS, max_new_tokens=5)
        assert [one.ids for one in found] == alone
    tried = [session for session in network.sessions if len(session.steps[0]) > 1]
    assert len(tried) == 1
    assert all(session.closed for session in network.sessions)


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_one_by_one_keeps_the_contract(check: Check) -> None:
    class Network(ToyNetwork):
        def session(self, padding: Any = (0,)) -> Any:
            toy = ToyNetwork(make_plan(can_batch=False))
            return OneByOne([toy.session() for _ in padding], padding)

    await check(Network())


async def test_padding_alone_gives_zeros() -> None:
    session = await open_session(ToyNetwork(make_plan(can_pad=False)), (2, 0), 2)
    rows = await session.step([[0], [5]])
    assert not rows[0].any()
    assert rows[1].any()
    assert rows.shape[-1] > EOS
