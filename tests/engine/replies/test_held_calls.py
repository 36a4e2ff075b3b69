"""Calls keep their tools' schemas whatever a model would rather write; all else is free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pytest

from intab.engine.model import Model, Texts
from intab.engine.replies.arguments import problem
from intab.engine.replies.call_grammars import described
from intab.engine.types import Logits
from intab.errors import DeviceError
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.networks import EOS, FakeNetwork, FakeSession
from tests.engine.support.replying import TEMPLATE, marked, reciting

BASE = byte_tokenizer_json()


def add(a: int, b: int | None) -> int:
    """Add two numbers.

    Args:
        a: The first.
        b: The second.
    """
    return a + (b or 0)


def paint(colour: Literal["red", "blue"], parts: list[bool], name: str = "x") -> str:
    """Paint something.

    Args:
        colour: Which.
        parts: Which of them.
        name: Of the picture.
    """
    return f"{colour}{parts}{name}"


TOOLS: list[Callable[..., Any]] = [add, paint]
SCHEMAS = described(TOOLS)


class Noise(FakeSession):
    """Random logits, in which what ends strings, lists and objects is likely."""

    def __init__(self, network: NoiseNetwork) -> None:
        super().__init__(())
        self._network = network

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        self.length += len(ids[0])
        rng = np.random.default_rng((self._network.seed, self.length, ids[0][-1]))
        logits = rng.normal(size=(len(ids), rows, self._network.size)).astype(np.float32)
        logits[:, :, self._network.likely] += 3
        return logits

    def fork(self) -> Noise:
        copy = Noise(self._network)
        copy.length = self.length
        return copy


class NoiseNetwork(FakeNetwork):
    def __init__(self, size: int, likely: list[int], seed: int) -> None:
        super().__init__()
        self.size, self.likely, self.seed = size, likely, seed

    def session(self, padding: Sequence[int] = (0,)) -> FakeSession:
        return Noise(self)


def noisy(marks: Mapping[str, bool], seed: int) -> Model:
    tokenizer = marked(BASE, marks)
    size = len(tokenizer.vocabulary())
    likely = tokenizer.encode('"]}' + ("[ARGS]" if "[ARGS]" in marks else ""))
    network = NoiseNetwork(size, likely, seed)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "eos_token_id": EOS}
    texts = Texts(tokenizer, config, {"max_new_tokens": 150}, {}, {"default": TEMPLATE})
    return Model("noise", "q8", "for the test", network, texts)


# The marks of a family, and how a reply opens a call.
FAMILIES: dict[str, tuple[dict[str, bool], str]] = {
    "Hermes": ({"<tool_call>": False, "</tool_call>": False}, "<tool_call>"),
    "Qwen, after a thought": (
        {"<tool_call>": False, "<think>": False, "</think>": False},
        "<think>a <tool_call> is</think>So:<tool_call>\n",
    ),
    "Mistral": ({"[TOOL_CALLS]": True}, "[TOOL_CALLS]"),
    "Mistral, newer": ({"[TOOL_CALLS]": True, "[ARGS]": True}, "Ok.[TOOL_CALLS]add"),
    "Mistral, with ids": (
        {"[TOOL_CALLS]": True, "[ARGS]": True, "[CALL_ID]": True},
        "[TOOL_CALLS]paint[CALL_ID]a1b2c3d4e",
    ),
    "Phi-4": ({"<|tool_call|>": False}, "<|tool_call|>"),
    "Llama 3": ({"<|python_tag|>": True}, '<|python_tag|>{"name"'),
    "Llama 3, without a mark": ({"<|python_tag|>": True}, '{"type": "function", "name"'),
    "LFM2": (
        {"<|tool_call_start|>": True, "<|tool_call_end|>": True},
        "<|tool_call_start|>[paint(",
    ),
    "LFM2 in JSON": ({"<|tool_call_start|>": True}, '<|tool_call_start|>[{"name"'),
    "gpt-oss": (
        {"<|channel|>": True, "<|message|>": True, "<|start|>": True, "<|constrain|>": True},
        "<|channel|>commentary to=functions.paint <|constrain|>json<|message|>",
    ),
}


def opening(model: Model, text: str) -> Any:
    """A logits processor that has an answer begin with a text, and leaves the rest to the model."""
    wanted = model.tokenizer.encode(text, add_special_tokens=False)
    begun: list[int] = []

    def force(ids: list[int], logits: Logits) -> Logits:
        begun.append(len(ids)) if not begun else None
        at = len(ids) - begun[0]
        if at < len(wanted):
            logits[wanted[at]] = 1000
        return logits

    return force


async def answered(family: str, seed: int, **options: Any) -> Any:
    marks, text = FAMILIES[family]
    model = noisy(marks, seed)
    chat = model.chat(tools=TOOLS)
    return await chat.send("?", logits_processors=[opening(model, text)], seed=seed, **options)


def faults(calls: Sequence[Any]) -> list[str | None]:
    wrong = [problem(call.arguments, SCHEMAS[call.name]) for call in calls if call.name in SCHEMAS]
    return [*filter(None, wrong), *(call.name for call in calls if call.name not in SCHEMAS)]


@pytest.mark.parametrize("family", FAMILIES)
async def test_every_call_that_is_finished_keeps_its_schema(family: str) -> None:
    answers = [await answered(family, seed, temperature=1.5) for seed in range(5)]
    first = [answer.tool_calls[0] for answer in answers if answer.tool_calls]
    assert len(first) >= 2
    assert faults(first) == []


async def test_it_is_the_schema_that_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intab.engine.constrain.library.is_here", lambda: False)
    answers = [await answered("Hermes", seed, temperature=1.5) for seed in range(3)]
    assert [answer.tool_calls for answer in answers] == [()] * 3


REPLIES = [
    "No call at all.",
    'A {"name": 3} in the text',
    "<think>A <tool_call>x</think>No.",
    '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call> and more',
    '<tool_call>\n{\n  "name": "add",\n  "arguments": {\n    "a": 1,\n    "b": null\n  }\n}\n',
    "<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>",
]


@pytest.mark.parametrize("reply", REPLIES)
async def test_replies_that_are_right_stay_as_they_are(reply: str) -> None:
    marks = {"<tool_call>": False, "</tool_call>": False, "<think>": False, "</think>": False}
    answer = await reciting(marked(BASE, marks), reply).chat(tools=TOOLS).send("?")
    assert answer.text == reply


def now(short: bool = False) -> str:
    """Tell the time.

    Args:
        short: Without the date.
    """
    return f"{short}"


async def applied(calls: str) -> tuple[str, Any]:
    """A reply of LFM2's form, and the answer that becomes of it."""
    marks = {"<|tool_call_start|>": True, "<|tool_call_end|>": True}
    reply = f"<|tool_call_start|>[{calls}]<|tool_call_end|>Done."
    model = reciting(marked(BASE, marks), reply)
    return reply, await model.chat(tools=[*TOOLS, now]).send("?", skip_special_tokens=False)


@pytest.mark.parametrize(
    ("calls", "names"),
    [
        ("add(a=1, b=None), now()", ["add", "now"]),
        ('paint( colour="red", parts=[true, false])', ["paint"]),
        ("now(short=True)", ["now"]),
    ],
)
async def test_functions_that_are_applied_stay_as_they_are(calls: str, names: list[str]) -> None:
    reply, answer = await applied(calls)
    assert answer.text.removesuffix("<|end|>") == reply
    assert [call.name for call in answer.tool_calls] == names


@pytest.mark.parametrize("calls", ["add(b=1, a=2)", "paint(name='x')", "now(short=3)"])
async def test_functions_that_are_applied_wrongly_are_mended(calls: str) -> None:
    _, answer = await applied(calls)
    assert calls not in answer.text
    assert faults([call for call in answer.tool_calls if call.name != "now"]) == []


@pytest.mark.parametrize(
    "reply",
    ['{"city": "Ulm"}', "<|python_tag|>print(3)", '<|python_tag|>{"a": 1}', "{", "x {}"],
)
async def test_llamas_replies_that_are_no_calls(reply: str) -> None:
    model = reciting(marked(BASE, {"<|python_tag|>": False}), reply)
    assert (await model.chat(tools=TOOLS).send("?")).text == reply


async def test_two_calls_of_llamas() -> None:
    call = '{"name": "add", "parameters": {"a": 1, "b": 2}}'
    model = reciting(marked(BASE, {"<|python_tag|>": False}), f"<|python_tag|>{call}; {call}")
    answer = await model.chat(tools=TOOLS).send("?")
    assert [call.name for call in answer.tool_calls] == ["add", "add"]


async def test_names_and_arguments_are_mended() -> None:
    marks = {"<tool_call>": False}
    reply = '<tool_call>{"name": "rm", "arguments": {}}'
    answer = await reciting(marked(BASE, marks), reply).chat(tools=TOOLS).send("?")
    assert faults(answer.tool_calls) == []
    assert '"rm"' not in answer.text


UNKNOWN = [
    {"type": "function", "function": {"name": "odd", "parameters": {"not": {"type": "null"}}}},
    {"name": "odd"},
    {"type": "retrieval"},
]


@pytest.mark.parametrize("tool", UNKNOWN)
async def test_what_cannot_be_held_is_free(tool: Any) -> None:
    reply = '<tool_call>{"name": "odd", "arguments": {"a": 1}}'
    model = reciting(marked(BASE, {"<tool_call>": False}), reply)
    template = {"chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}"}
    answer = await model.chat(tools=[tool], chat_template_kwargs=template).send("?")
    free = tool.get("name") is None
    assert (answer.text == reply) == free


async def test_a_form_that_is_asked_for_wins() -> None:
    marks, _ = FAMILIES["Hermes"]
    answer = await noisy(marks, 1).chat(tools=TOOLS).send("?", choices=["yes", "no"])
    assert answer.text in ("yes", "no")


async def test_a_site_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(package: str) -> None:
        raise DeviceError(f"{package} is not to be had")

    reply = '<tool_call>{"name": "rm", "arguments": {}}'
    model = reciting(marked(BASE, {"<tool_call>": False}), reply)
    monkeypatch.setattr(model, "_setting", type(model._setting)(bring=refuse))
    assert (await model.chat(tools=TOOLS).send("?")).text == reply


async def test_beams_batches_and_guesses() -> None:
    marks, text = FAMILIES["Hermes"]
    for options in ({"num_beams": 3}, {"num_return_sequences": 2, "do_sample": True, "seed": 3}):
        model = noisy(marks, 4)
        prompt = [{"role": "user", "content": "?"}]
        found = await model.generate(
            prompt,
            chat_template_kwargs={"tools": TOOLS},
            logits_processors=[opening(model, text)],
            **options,
        )
        answers = found if isinstance(found, list) else [found]
        assert faults([call for answer in answers for call in answer.tool_calls[:1]]) == []
    guessed = await answered("Hermes", 5, prompt_lookup_num_tokens=0)
    assert guessed.text.startswith("<tool_call>")
