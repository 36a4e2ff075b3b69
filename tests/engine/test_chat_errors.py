"""What goes wrong in a conversation is said, and leaves it as it was."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from intab.engine.generation.streamer import Generation
from intab.engine.model import Model
from intab.errors import (
    ChatTemplateError,
    ContextLengthError,
    ModelClosedError,
    PromptError,
    RunError,
)
from tests.engine.support.conversing import NOT_LETTERS, anew, owned, say
from tests.engine.support.networks import ToyNetwork, ToySession


async def test_an_exception_in_a_processor(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy

    def fail(ids: list[int], logits: Any) -> Any:
        if len(ids) > 7:
            raise ZeroDivisionError
        return logits

    chat = model.chat(suppress_tokens=NOT_LETTERS)
    with pytest.raises(ZeroDivisionError):
        await chat.send("Hi", logits_processors=[fail])
    assert [message["role"] for message in chat.messages] == ["user", "assistant"]
    asked = [*chat.messages, say("user", "?")]
    assert (await chat.send("?")).text == await anew(model, asked, suppress_tokens=NOT_LETTERS)


async def test_a_runtime_that_fails(
    toy: tuple[Model, ToyNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session is dropped, so that the next answer does not begin with what may be broken."""
    model, network = toy
    chat = model.chat()
    await chat.send("Hi")

    async def fail(session: ToySession, *_: Any) -> None:
        raise RunError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(ToySession, "step", fail)
        with pytest.raises(RunError, match="out of memory"):
            await chat.send("Ho")
    assert owned(network).closed
    assert [message["role"] for message in chat.messages] == ["user", "assistant"]
    asked = [*chat.messages, say("user", "Ho")]
    answer = await chat.send("Ho")
    assert (answer.text, answer.metrics.cached_tokens) == (await anew(model, asked), 0)


async def test_two_answers_at_once_are_refused(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat()
    task = asyncio.create_task(chat.send("Hi"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(RunError, match="still answering"):
        await chat.send("Ho")
    assert (await task).finish_reason == "length"
    assert [message["role"] for message in chat.messages] == ["user", "assistant"]


async def slow_rewind(session: ToySession, length: int) -> None:
    """As in a browser, where another run may be before it."""
    await asyncio.sleep(0)
    session.ids = [row[:length] for row in session.ids]


async def test_two_that_begin_at_once(
    toy: tuple[Model, ToyNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToySession, "rewind", slow_rewind)
    model, _ = toy
    chat = model.chat()
    first, second = await asyncio.gather(chat.send("Hi"), chat.send("Ho"), return_exceptions=True)
    assert isinstance(first, Generation)
    assert first.text == await anew(model, [say("user", "Hi")])
    assert isinstance(second, RunError)
    assert "still answering" in str(second)
    asked = [*chat.messages, say("user", "Ho")]
    assert (await chat.send("Ho")).text == await anew(model, asked)


async def test_an_answer_does_not_begin_before_a_prefill_has_ended(
    toy: tuple[Model, ToyNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToySession, "rewind", slow_rewind)
    model, _ = toy
    chat = model.chat(system="Sing.")
    filling = asyncio.create_task(chat.prefill())
    await asyncio.sleep(0)
    with pytest.raises(RunError, match="still answering"):
        await chat.send("Hi")
    await filling
    asked = [*chat.messages, say("user", "Hi")]
    assert (await chat.send("Hi")).text == await anew(model, asked)


async def test_too_long_a_conversation(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat(system="S", messages=[say("user", "x" * 50), say("assistant", "y")])
    before = [*chat.messages]
    with pytest.raises(ContextLengthError, match="the model's context is 64"):
        chat.stream("z" * 10)
    assert chat.messages == before
    answer = await chat.send("z" * 10, truncation=True)
    assert answer.text == await anew(model, [say("system", "S"), say("user", "z" * 10)])
    assert chat.messages == [*before, say("user", "z" * 10), say("assistant", answer.text)]


@pytest.mark.parametrize(
    ("said", "says"),
    [(5, "Say a string"), (["x"], "Say a string"), ([{"role": "assistant"}], "no text to go on")],
)
def test_what_cannot_be_said(toy: tuple[Model, ToyNetwork], said: Any, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        toy[0].chat().stream(said)


async def test_errors_leave_the_conversation(toy: tuple[Model, ToyNetwork]) -> None:
    model, _ = toy
    chat = model.chat()
    with pytest.raises(ChatTemplateError):
        chat.stream({"content": "no role"})
    await model.close()
    with pytest.raises(ModelClosedError):
        chat.stream("Hi")
    assert chat.messages == []
