"""A chat that runs its tools: what is called, with what, and what the model hears of it."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from intab.engine.generation.streamer import TextChunk
from intab.engine.model import Model
from intab.engine.replies.results import ToolResult
from intab.errors import OptionError, PromptError
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.replying import marked, reciting

called: list[tuple[str, Any]] = []


def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: The first.
        b: The second.
    """
    called.append(("add", (a, b)))
    return a + b


async def look(place: str) -> dict[str, str]:
    """Look somewhere.

    Args:
        place: Where.
    """
    called.append(("look", place))
    return {"found": place}


def fail(why: str) -> str:
    """Fail.

    Args:
        why: The reason.
    """
    raise ValueError(why)


@pytest.fixture(autouse=True)
def nothing_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing holds the arguments that are written (test_held_calls.py), as on a site without
    llguidance."""
    called.clear()
    monkeypatch.setattr("intab.engine.constrain.library.is_here", lambda: False)


def hermes(*replies: str) -> Model:
    marks = {"<tool_call>": False, "</tool_call>": False, "<think>": False, "</think>": False}
    return reciting(marked(byte_tokenizer_json(), marks), *replies)


def call(name: str, arguments: str) -> str:
    return f'<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'


async def test_functions_are_called_and_their_results_go_back() -> None:
    calls = [call("add", '{"a": 1, "b": 2}'), call("look", '{"place": "x"}')]
    first = "\n".join(("<think>Sum.</think>I add.", *calls))
    chat = hermes(first, "It is 3.").chat(tools=[add, look])
    answer = await chat.run("1 + 2?")
    assert called == [("add", (1, 2)), ("look", "x")]
    assert answer.content == "It is 3."
    assert [result.value for result in answer.tool_results] == [3, {"found": "x"}]
    assert chat.messages == [
        {"role": "user", "content": "1 + 2?"},
        {
            "role": "assistant",
            "content": "I add.",
            "reasoning_content": "Sum.",
            "tool_calls": [
                {
                    "type": "function",
                    "id": "000000000",
                    "function": {"name": "add", "arguments": {"a": 1, "b": 2}},
                },
                {
                    "type": "function",
                    "id": "000000001",
                    "function": {"name": "look", "arguments": {"place": "x"}},
                },
            ],
        },
        {"role": "tool", "name": "add", "tool_call_id": "000000000", "content": "3"},
        {
            "role": "tool",
            "name": "look",
            "tool_call_id": "000000001",
            "content": '{"found": "x"}',
        },
        {"role": "assistant", "content": "It is 3."},
    ]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (call("rm", "{}"), "there is no tool 'rm'; there are: add, look, fail."),
        (call("add", '{"a": 1}'), "add was not called: b is missing."),
        (call("add", '{"a": 1, "b": "x"}'), "add was not called: b must be integer, not 'x'."),
        (call("add", '{"a": 1, "b": 2, "c": 3}'), "add was not called: c is unknown"),
        (call("fail", '{"why": "late"}'), "fail failed: ValueError: late"),
    ],
)
async def test_what_goes_wrong_is_said_to_the_model_and_the_program(asked: str, error: str) -> None:
    chat = hermes(asked, "Sorry.").chat(tools=[add, look, fail])
    answer = await chat.run("Do it.")
    [result] = answer.tool_results
    assert result.error is not None
    assert result.error.startswith(error)
    assert chat.messages[2]["content"] == f"Error: {result.error}"
    assert called == []
    assert isinstance(result.exception, ValueError) == ("failed" in error)


async def test_a_run_is_streamed() -> None:
    asked = "I add." + call("add", '{"a": 1, "b": 2}')
    chat = hermes(asked, "It is 3.").chat(tools=[add])
    came = [one async for one in chat.run_stream("1 + 2?")]
    texts = ["".join(one.content for one in part) for part in _answers(came)]
    assert texts == ["I add.", "It is 3."]
    results = [one for one in came if isinstance(one, ToolResult)]
    assert [(one.call.name, one.value) for one in results] == [("add", 3)]


def _answers(came: list[TextChunk | ToolResult]) -> list[list[TextChunk]]:
    """The chunks of each answer, which end where a result comes."""
    answers: list[list[TextChunk]] = [[]]
    for one in came:
        if isinstance(one, ToolResult):
            assert answers[-1][-1].finish_reason
            answers.append([])
        else:
            answers[-1].append(one)
    return answers


async def test_a_run_that_is_left_calls_nothing_more() -> None:
    chat = hermes(call("add", '{"a": 1, "b": 2}'), "It is 3.").chat(tools=[add])
    async with aclosing(chat.run_stream("1 + 2?")) as came:
        async for _ in came:
            break
    assert called == []
    assert (await chat.send("And now?")).content == "It is 3."


async def test_what_can_be_known_is_said_before_a_run_begins() -> None:
    with pytest.raises(OptionError, match="max_tool_rounds"):
        hermes("x").chat(tools=[add]).run_stream("?!", max_tool_rounds=-1)
    with pytest.raises(PromptError, match="functions"):
        hermes("x").chat().run_stream("?!")


LFM2 = {"<|tool_call_start|>": True, "<|tool_call_end|>": True}
PLAIN = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"


async def test_a_template_without_calls_gets_them_as_they_were_written() -> None:
    """LFM2's has none for them, and marks that a text does not show."""
    asked = "<|tool_call_start|>[add(a=1, b=2)]<|tool_call_end|>I add."
    model = reciting(marked(byte_tokenizer_json(), LFM2), asked, "It is 3.")
    chat = model.chat(tools=[add], chat_template_kwargs={"chat_template": PLAIN})
    answer = await chat.run("1 + 2?")
    assert called == [("add", (1, 2))]
    assert chat.messages[1]["content"] == asked
    assert answer.content == "It is 3."
    read = model.encode(chat.messages[:2], chat_template=PLAIN)
    assert answer.metrics.cached_tokens >= len(read) - len("\n<assistant>")


async def test_what_is_said_after_a_call_is_content() -> None:
    asked = f"First. {call('add', '{}')} Then."
    answer = await hermes(asked).chat(tools=[add]).send("?!")
    assert (answer.content, [one.name for one in answer.tool_calls]) == ("First. Then.", ["add"])


async def test_rounds_have_an_end() -> None:
    again = call("add", '{"a": 1, "b": 1}')
    answer = await hermes(*[again] * 3).chat(tools=[add]).run("?!", max_tool_rounds=2)
    assert len(called) == len(answer.tool_results) == 2
    assert [one.name for one in answer.tool_calls] == ["add"]


async def test_nothing_is_called_unless_it_is_asked_for() -> None:
    chat = hermes(call("add", '{"a": 1, "b": 1}')).chat(tools=[add])
    answer = await chat.send("?!")
    assert [(one.name, one.arguments) for one in answer.tool_calls] == [("add", {"a": 1, "b": 1})]
    assert answer.content == ""
    assert called == []


async def test_calls_without_a_mark_are_calls_if_there_are_tools() -> None:
    text = '{"name": "add", "parameters": {"a": 1, "b": 1}}'
    answer = await hermes(text, "2").chat(tools=[add]).run("?!")
    assert (called, answer.content) == ([("add", (1, 1))], "2")
    plain = await hermes(text).chat().send("?!")
    assert (plain.tool_calls, plain.content) == ((), text)


async def test_marks_of_calls_may_be_hidden_from_the_text() -> None:
    marks = {"[TOOL_CALLS]": True, "[ARGS]": True}
    reply = 'Ok.[TOOL_CALLS]add[ARGS]{"a": 1, "b": 1}'
    chat = reciting(marked(byte_tokenizer_json(), marks), reply, "2").chat(tools=[add])
    answer = await chat.run("?!")
    assert (called, answer.content) == ([("add", (1, 1))], "2")
    assert chat.messages[1]["content"] == "Ok."


async def test_beams_and_batches_have_calls_too() -> None:
    model = hermes(call("add", '{"a": 1, "b": 1}'))
    answers = [await model.generate("?!", num_beams=2), *await model.generate(["?!", "?!"])]
    assert [[one.name for one in answer.tool_calls] for answer in answers] == [["add"]] * 3


async def test_a_call_that_cannot_be_read_is_content() -> None:
    answer = await hermes("Ok <tool_call>{no").chat(tools=[add]).run("?!")
    assert (answer.tool_calls, answer.content) == ((), "Ok <tool_call>{no")


async def test_run_needs_functions() -> None:
    chat = hermes("x").chat(tools=[{"type": "function", "function": {"name": "add"}}])
    with pytest.raises(PromptError, match="tools=\\[function"):
        await chat.run("?!")
    with pytest.raises(OptionError, match="max_tool_rounds"):
        await hermes("x").chat(tools=[add]).run("?!", max_tool_rounds=-1)
