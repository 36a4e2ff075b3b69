"""A chat answers as if each turn were computed anew, and computes only what is new."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from intab.engine.chat import Chat
from intab.engine.model import Model, Texts
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import OptionError
from tests.engine.conftest import CONFIG, Maker
from tests.engine.support.conversing import NOT_LETTERS, anew, owned, say
from tests.engine.support.networks import ToyNetwork


async def test_each_answer_is_that_of_a_full_recompute(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat(system="S")
    for words in ("Hi", "and", "so"):
        asked = [*chat.messages, say("user", words)]
        answer = await chat.send(words)
        assert answer.text == await anew(model, asked)
        assert chat.messages == [*asked, say("assistant", answer.text)]


async def test_only_new_ids_are_computed(toy: tuple[Model, ToyNetwork]) -> None:
    model, network = toy
    chat = model.chat(suppress_tokens=NOT_LETTERS)
    first = await chat.send("Hi")
    second = await chat.send("on")
    assert first.metrics.cached_tokens == 0
    asked = model.encode(chat.messages[:-1])
    # All but the answer's last token, which nothing has followed yet.
    assert second.metrics.cached_tokens == len(model.encode([say("user", "Hi")])) + 4
    turns = [step[0] for step in owned(network).steps if len(step[0]) > 1]
    assert turns[1] == asked[second.metrics.cached_tokens :]


@pytest.mark.parametrize(
    "edit",
    [
        lambda messages: messages.pop(),
        lambda messages: messages.clear(),
        lambda messages: messages[0].update(content="Ho"),
        lambda messages: messages[1].update(content="no"),
        lambda messages: messages.insert(0, say("system", "S")),
        lambda messages: messages.extend([say("user", "x"), say("assistant", "y")]),
    ],
)
async def test_messages_may_be_edited(toy: tuple[Model, ToyNetwork], edit: Any) -> None:
    model, network = toy
    chat = model.chat()
    await chat.send("Hi")
    edit(chat.messages)
    asked = [*chat.messages, say("user", "?")]
    assert (await chat.send("?")).text == await anew(model, asked)
    assert len(network.sessions) == 2  # the chat's one, and the one of the full recompute


async def test_asking_again_after_an_edit(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat()
    first = await chat.send("Hi")
    del chat.messages[1:]
    again = await chat.send()
    assert (again.text, again.metrics.cached_tokens) == (
        first.text,
        again.metrics.prompt_tokens - 1,
    )


async def test_an_answer_goes_on(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat(suppress_tokens=NOT_LETTERS)
    whole = await chat.send("Hi", max_new_tokens=8)
    del chat.messages[:]
    begun = await chat.send("Hi", max_new_tokens=3)
    rest = await chat.send(max_new_tokens=5)
    assert begun.text + rest.text == whole.text
    assert chat.messages == [say("user", "Hi"), say("assistant", whole.text)]
    await chat.send([say("user", "?"), say("assistant", "So ")])
    assert chat.messages[-1]["content"].startswith("So ")


async def test_a_broken_stream_keeps_what_was_said(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat(suppress_tokens=NOT_LETTERS)
    said = ""
    async for chunk in chat.stream("Hi", max_new_tokens=20):
        said += chunk.text
        if len(said) >= 3:
            break
    assert chat.messages == [say("user", "Hi"), say("assistant", said)]
    asked = [*chat.messages, say("user", "?")]
    assert (await chat.send("?")).text == await anew(model, asked, suppress_tokens=NOT_LETTERS)


async def test_a_stream_left_open_is_ended_by_the_next(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat(suppress_tokens=NOT_LETTERS)
    left = chat.stream("Hi", max_new_tokens=20)
    await anext(left)
    asked = [*chat.messages, say("user", "?")]
    assert (await chat.send("?")).text == await anew(model, asked, suppress_tokens=NOT_LETTERS)
    assert [chunk async for chunk in left] == []


async def test_cancelled_before_the_first_word(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat()
    task = asyncio.create_task(chat.send("Hi"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert chat.messages == []
    assert (await chat.send("Hi")).text == await anew(model, [say("user", "Hi")])


async def test_a_fork_goes_its_own_way(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat(suppress_tokens=NOT_LETTERS)
    await chat.send("Hi")
    begun = [*chat.messages]
    fork = chat.fork()
    one, two = await chat.send("a"), await fork.send("b")
    assert one.text == await anew(model, [*begun, say("user", "a")], suppress_tokens=NOT_LETTERS)
    assert two.text == await anew(model, [*begun, say("user", "b")], suppress_tokens=NOT_LETTERS)
    assert one.metrics.cached_tokens == two.metrics.cached_tokens > 0
    fork.messages[0]["content"] = "changed"
    assert chat.messages[0]["content"] == "Hi"


async def test_a_prefilled_system_prompt_is_kept_and_restored(
    toy: tuple[Model, ToyNetwork],
) -> None:
    model, network = toy
    chat = model.chat(system="Be kind")
    await chat.prefill()
    prefix = len("sBe kind|u")
    assert owned(network).length == prefix
    await chat.prefill()
    assert len(owned(network).steps) == 1
    kept = chat.snapshot()
    await chat.send("Hi")
    asked = [say("system", "Be kind"), say("user", "?")]
    for other in (chat, model.chat()):
        other.restore(kept)
        answer = await other.send("?")
        assert answer.metrics.cached_tokens == prefix
        assert answer.text == await anew(model, asked)
    kept.close()


async def test_prefill_before_an_answer(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat(messages=[say("user", "Hi")])
    await chat.prefill()
    answer = await chat.send()
    assert answer.metrics.cached_tokens == answer.metrics.prompt_tokens - 1
    assert answer.text == await anew(model, [say("user", "Hi")])


async def test_closing_gives_the_memory_back(toy: tuple[Model, ToyNetwork]) -> None:
    model, network = toy
    async with model.chat() as chat:
        await chat.send("Hi")
        kept, fork = chat.snapshot(), chat.fork()
    assert owned(network).closed
    kept.close()
    del fork
    assert all(session.closed for session in network.sessions)
    assert len(network.sessions) >= 3
    asked = [*chat.messages, say("user", "?")]
    assert (await chat.send("?")).text == await anew(model, asked)


async def test_options_of_the_chat_and_of_a_turn(make_model: Maker) -> None:
    model, _ = make_model("abcdef")
    chat = model.chat(max_new_tokens=2)
    assert (await chat.send("x")).text == "ab"
    assert (await make_model("abcdef")[0].chat(max_new_tokens=2).send("x", max_new_tokens=3)).text
    with pytest.raises(OptionError, match="max_new_tokens"):
        model.chat(max_tokens=2)
    with pytest.raises(OptionError, match="num_beams"):
        chat.stream("x", num_beams=2)


def test_tools_and_documents_reach_the_template(tokenizer: Tokenizer) -> None:
    template = "{{ tools | length }}{{ documents[0].text }}{{ extra }}"
    network = ToyNetwork()
    model = Model("t", "q8", "", network, Texts(tokenizer, CONFIG, {}, {}, {"default": template}))
    chat = model.chat(
        tools=[{"type": "function"}],
        documents=[{"text": "D"}],
        chat_template_kwargs={"extra": "E"},
    )
    job = chat._job([say("user", "x")], {})
    assert tokenizer.decode(job.prompt) == "1DE"


def test_a_chat_that_never_began_closes() -> None:
    Chat.__new__(Chat).close()
