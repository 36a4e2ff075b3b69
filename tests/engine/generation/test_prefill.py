"""Long prompts: in pieces, told of, stopped between two; cut where the options ask for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from intab.engine.generation.metrics import Meter, Metrics, Setting
from intab.engine.generation.prefill import prefill
from intab.engine.model import Model, Texts
from intab.engine.runtime.cache_slots import CacheSlot
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.text.truncation import cut_ids
from intab.engine.types import Logits
from intab.errors import ContextLengthError, OptionError, RunError
from tests.engine.conftest import CONFIG, TEMPLATE, Maker
from tests.engine.support.networks import FakeNetwork, ToyNetwork, ToySession


async def test_in_pieces_as_in_one() -> None:
    ids, told = list(range(40)), list[int]()
    whole = await prefill(ToyNetwork().session(), [ids], 100, told.append)
    network = ToyNetwork()
    pieces = await prefill(network.session(), [ids], 16, told.append)
    assert (whole == pieces).all()
    assert [len(step[0]) for step in network.sessions[0].steps] == [16, 16, 8]
    assert told == [40, 16, 32, 40]


def chunked(tokenizer: Tokenizer, **config: Any) -> tuple[Model, FakeNetwork]:
    """A model whose graph has a cache, so that prompts go in piece by piece."""
    network = FakeNetwork(tokenizer.encode("fine"))
    slot = CacheSlot("past_key_values.0.key", "present.0.key", "float32", (1, 1, 0, 8))
    network.plan = replace(network.plan, caches=(slot,))
    texts = Texts(tokenizer, {**CONFIG, **config}, {}, {}, {"default": TEMPLATE})
    return Model("tiny", "q8", "", network, texts), network


async def test_the_option_says_how_large_a_piece_is(tokenizer: Tokenizer) -> None:
    model, network = chunked(tokenizer)
    answer = await model.generate("x" * 20, prefill_chunk_size=8)
    assert [len(step[0]) for step in network.sessions[0].steps[:3]] == [8, 8, 4]
    assert answer.metrics.prefilled_tokens == answer.metrics.prompt_tokens == 20
    with pytest.raises(OptionError, match="prefill_chunk_size must be a whole number, 1 or more"):
        model.stream("x", prefill_chunk_size=0)


async def test_a_graph_without_a_cache_takes_the_prompt_at_once(make_model: Maker) -> None:
    model, network = make_model("fine")
    await model.generate("x" * 20, prefill_chunk_size=8)
    assert len(network.sessions[0].steps[0][0]) == 20


async def test_stop_is_heeded_between_two_pieces(tokenizer: Tokenizer) -> None:
    model, network = chunked(tokenizer)
    running = asyncio.create_task(model.generate("x" * 40, prefill_chunk_size=4))
    for _ in range(5):  # turns of the event loop, about a piece each
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert network.sessions[0].closed
    assert 1 < len(network.sessions[0].steps) < 10
    assert str(await model.generate("x")) == "fine"


def test_the_meter_tells_how_far_the_prompt_is() -> None:
    reports: list[Metrics] = []
    meter = Meter(100, Setting(reports.append))
    meter.interval = 0
    meter.prefilled(40)
    meter.token(2)
    meter.token(2)
    assert [report.prefilled_tokens for report in reports] == [40, 40, 40]
    assert [report.new_tokens for report in reports] == [0, 2, 4]


LONG = "abc " * 30  # 120 ids


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"max_new_tokens": 4}, LONG[-60:]),
        ({"max_new_tokens": 4, "truncation_side": "right"}, LONG[:60]),
        ({}, LONG[-32:]),
    ],
)
async def test_a_text_is_cut(make_model: Maker, options: dict[str, Any], kept: str) -> None:
    """Room for the new tokens is left, and half of the context at least for the prompt."""
    model, network = make_model("fine")
    answer = await model.generate(LONG, truncation=True, **options)
    assert model.tokenizer.decode(network.sessions[0].steps[0][0]) == kept
    assert answer.text == "fine"


async def test_what_fits_is_not_cut(make_model: Maker) -> None:
    model, network = make_model("fine")
    await model.generate("x" * 60, truncation=True)
    assert len(network.sessions[0].steps[0][0]) == 60


async def test_the_first_token_of_the_tokenizer_stays() -> None:
    assert cut_ids([1, 5, 6, 7, 8], 3, "left", [1]) == [1, 7, 8]
    assert cut_ids([5, 6, 7, 8], 3, "left", [1]) == [6, 7, 8]
    assert cut_ids([1, 5, 6], 1, "left", [1]) == [6]


def messages(*texts: str) -> list[dict[str, str]]:
    roles = ["user", "assistant"]
    system = [{"role": "system", "content": "S"}]
    return [*system, *({"role": roles[i % 2], "content": t} for i, t in enumerate(texts))]


async def test_a_chat_loses_its_oldest_messages(make_model: Maker) -> None:
    model, network = make_model("ok", max_position_embeddings=128)
    chat = messages("o" * 90, "older", "newer", "n", "newest")
    await model.generate(chat, truncation=True, max_new_tokens=20)
    assert model.tokenizer.decode(network.sessions[0].steps[0][0]) == (
        "<system>S\n<user>newer\n<assistant>n\n<user>newest\n<assistant>"
    )


@pytest.mark.parametrize(
    ("chat", "options", "error", "says"),
    [
        (messages("x" * 99), {"truncation": True}, ContextLengthError, "Even the newest message"),
        (
            messages("x" * 99),
            {"truncation": True, "truncation_side": "right"},
            OptionError,
            "newest messages",
        ),
        ("x" * 99, {}, ContextLengthError, "99 tokens, the model's context is 64"),
        ("x", {"truncation_side": "left"}, OptionError, "no effect without truncation=True"),
        ("x", {"truncation": "left"}, OptionError, "True or False"),
        ("x", {"truncation": True, "truncation_side": "top"}, OptionError, '"left" or "right"'),
    ],
)
def test_prompts_that_are_not_cut(
    make_model: Maker, chat: Any, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    model, _ = make_model()
    with pytest.raises(error, match=says):
        model.stream(chat, **options)


class Picky(ToySession):
    """Takes a whole prompt, or one token after others."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if self.length and len(ids[0]) > 1:
            raise RunError("invalid expand shape")
        return await super().step(ids, rows)


async def test_a_graph_that_takes_one_token_after_others() -> None:
    network, ids = ToyNetwork(), list(range(10))
    whole = await prefill(ToyNetwork().session(), [ids], 100, lambda done: None)
    picky = Picky(network, [0], [[]])
    pieces = await prefill(picky, [ids], 4, lambda done: None)
    assert (whole == pieces).all()
    assert [len(step[0]) for step in picky.steps] == [4, *[1] * 6]


async def test_a_step_that_fails_fails() -> None:
    session = Picky(ToyNetwork(), [0], [[]])

    async def fail(ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        raise RunError("out of memory")

    session.step = fail  # type: ignore[method-assign]
    for ids in ([], [1]):
        session.ids = [ids]
        with pytest.raises(RunError, match="out of memory"):
            await prefill(session, [[1, 2]], 4, lambda done: None)
