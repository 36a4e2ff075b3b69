"""Thoughts and content come apart, however the text and the tokens are cut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.replies.splitting import ChannelSplitter, Splitter, TagSplitter
from intab.engine.text.tokenizer import Tokenizer
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.replying import marked, reciting

THINK = ("<think>", "</think>")
CHANNELS = (
    "<|channel|>analysis<|message|>A fox.<|end|><|start|>assistant<|channel|>final<|message|>"
    "Hi <b>.<|return|>"
)
CALLING = (
    "<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>commentary "
    'to=functions.f <|constrain|>json<|message|>{"a": 1}<|call|>'
)


def tags() -> TagSplitter:
    return TagSplitter(THINK, ("<tool_call>",))


def split(splitter: Splitter, text: str, cuts: Sequence[int]) -> tuple[str, str, str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[a:b] for a, b in pairwise(places)]
    found = [splitter.push(piece) for piece in pieces] + [splitter.end("")]
    return "".join(a for a, _ in found), "".join(b for _, b in found), splitter.calls


CASES = {
    "thought": ("<think>\nA <b> fox.\n</think>\n\nHi  there\n", "A <b> fox.", "Hi  there", ""),
    "empty": ("<think>\n\n</think>\n\nHi", "", "Hi", ""),
    "cut": ("<think>A fo", "A fo", "", ""),
    "call": (
        "<think>A</think>Ok <tool_call>{}</tool_call>",
        "A",
        "Ok",
        "<tool_call>{}</tool_call>",
    ),
    "plain": ("\n Hi <thin \n", "", "\n Hi <thin \n", ""),
}


@pytest.mark.parametrize("name", CASES)
@given(cuts=st.lists(st.integers(0, 80)))
def test_tags(name: str, cuts: list[int]) -> None:
    text, *wanted = CASES[name]
    assert list(split(tags(), text, cuts)) == wanted


def test_a_thought_that_the_prompt_opened() -> None:
    splitter = TagSplitter(THINK, (), thinking=True)
    assert split(splitter, "A fox.\n</think>\n\nHi", [3]) == ("A fox.", "Hi", "")


@given(cuts=st.lists(st.integers(0, 200)))
def test_channels(cuts: list[int]) -> None:
    assert split(ChannelSplitter(), CHANNELS, cuts) == ("A fox.", "Hi <b>.", "")
    thought, said, calls = split(ChannelSplitter(), CALLING, cuts)
    assert (thought, said) == ("Hm", "")
    assert "to=functions.f" in calls


def test_a_model_without_marks_says_its_text(tokenizer: Tokenizer) -> None:
    assert reciting(tokenizer, "x") is not None


async def test_streamed_apart() -> None:
    tokenizer = marked(byte_tokenizer_json(), dict.fromkeys(THINK, False))
    model = reciting(tokenizer, "<think>A fox.</think>\n\nHi\n", "<think>A fox.</think>\n\nHi\n")
    chunks = [chunk async for chunk in model.stream([{"role": "user", "content": "?"}])]
    assert "".join(chunk.thinking for chunk in chunks) == "A fox."
    assert "".join(chunk.content for chunk in chunks) == "Hi"
    whole = await model.generate("?!")
    assert (whole.thinking, whole.content) == ("A fox.", "Hi")
    assert whole.text == "<think>A fox.</think>\n\nHi\n"


async def test_the_prompt_may_open_the_thought() -> None:
    tokenizer = marked(byte_tokenizer_json(), dict.fromkeys(THINK, False))
    model = reciting(tokenizer, "A fox.</think>Hi", "Hi")
    asked = [{"role": "user", "content": "?"}]
    kwargs = {"enable_thinking": True}
    whole = await model.generate(asked, chat_template_kwargs=kwargs)
    assert (whole.thinking, whole.content) == ("A fox.", "Hi")
    assert (await model.generate(asked)).content == "Hi"


async def test_marks_that_a_text_does_not_show() -> None:
    special = ("<|channel|>", "<|message|>", "<|start|>", "<|return|>", "<|call|>")
    tokenizer = marked(byte_tokenizer_json(), dict.fromkeys((*special, "<|end|>"), True))
    reply = CHANNELS.replace("<|end|>", "").replace("<|return|>", "")
    model = reciting(tokenizer, reply, reply, reply)
    answer = await model.generate("?!")
    assert (answer.thinking, answer.content) == ("A fox.", "Hi <b>.")
    assert answer.text == "analysisA fox.assistantfinalHi <b>."
    stopped = await model.generate("?!", stop=["b>"])
    assert (stopped.thinking, stopped.content) == ("A fox.", "Hi <")
    chat = model.chat()
    await chat.send("?")
    assert chat.messages[-1] == {
        "role": "assistant",
        "content": "Hi <b>.",
        "reasoning_content": "A fox.",
    }
