"""Calls are read from what each family writes, and nothing else is a call."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.replies.calls import read_calls

BAR = "\uff5c"
CITY = ("weather", {"city": "Ulm"})
OBJECT = '{"name": "weather", "arguments": {"city": "Ulm"}}'
BEGIN, SEP, END = (f"<{BAR}tool▁{name}{BAR}>" for name in ("call▁begin", "sep", "call▁end"))
REPLIES: dict[str, tuple[str, list[Any]]] = {
    "Hermes": (f"<tool_call>\n{OBJECT}\n</tool_call>", [CITY]),
    "Hermes, two": (f"<tool_call>{OBJECT}</tool_call>\n" * 2, [CITY, CITY]),
    "Hermes, with lines in a text": (
        '<tool_call>{"name": "run", "arguments": {"code": "if a:\n\tb"}}</tool_call>',
        [("run", {"code": "if a:\n\tb"})],
    ),
    "a name that is no function's": ('{"name": "Ann", "age": 3}', []),
    "without arguments": ('{"type": "function", "name": "now"}', [("now", {})]),
    "Hermes without its end": (f"<tool_call>{OBJECT}", [CITY]),
    "Qwen3-Coder": (
        "<tool_call>\n<function=weather>\n<parameter=city>\nUlm\n</parameter>\n"
        "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>",
        [("weather", {"city": "Ulm", "days": "3"})],
    ),
    "Llama 3": ('{"name": "weather", "parameters": {"city": "Ulm"}}', [CITY]),
    "Llama 3, two": (
        '<|python_tag|>{"name": "f", "parameters": {"a": "b; c"}}; '
        '{"name": "weather", "parameters": {"city": "Ulm"}}',
        [("f", {"a": "b; c"}), CITY],
    ),
    "Llama 3, its own functions": ('<function=weather>{"city": "Ulm"}</function>', [CITY]),
    "Mistral": (f"[TOOL_CALLS][{OBJECT}, {OBJECT}]", [CITY, CITY]),
    "Mistral, newer": (
        '[TOOL_CALLS]weather[ARGS]{"city": "Ulm"}[TOOL_CALLS]f[ARGS]{}',
        [CITY, ("f", {})],
    ),
    "Mistral, with ids": ('[TOOL_CALLS]weather[CALL_ID]a1b2c3d4e[ARGS]{"city": "Ulm"}', [CITY]),
    "Phi-4": (f"<|tool_call|>[{OBJECT}]<|/tool_call|>", [CITY]),
    "Phi, functools": (f"functools[{OBJECT}]", [CITY]),
    "Granite": (f"<|tool_call|>[{OBJECT}, {OBJECT}]", [CITY, CITY]),
    "Functionary": ('weather\n{"city": "Ulm"}', [CITY]),
    "Functionary, after words": ('all\nI look.>>>weather\n{"city": "Ulm"}', [CITY]),
    "DeepSeek": (
        f"{BEGIN}function{SEP}weather\n```json\n{{\"city\": \"Ulm\"}}\n```{END}",
        [CITY],
    ),
    "DeepSeek, newer": (f'{BEGIN}weather{SEP}{{"city": "Ulm"}}{END}{BEGIN}f{SEP}{{}}{END}',
                        [CITY, ("f", {})]),
    "gpt-oss": (
        '<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{"city": "Ulm"}',
        [CITY],
    ),
    "LFM2": (
        "<|tool_call_start|>[weather(city=\"Ulm\"), f(a=[1, {'b': None}], c=True,)]"
        "<|tool_call_end|>I look.",
        [CITY, ("f", {"a": [1, {"b": None}], "c": True})],
    ),
    "LFM2 in JSON": (f"<|tool_call_start|>[{OBJECT}]<|tool_call_end|>", [CITY]),
    "LFM2, two lists": (
        '<|tool_call_start|>[f()]<|tool_call_end|><|tool_call_start|>[weather(city="Ulm")]',
        [("f", {}), CITY],
    ),
    "SmolLM3 with Python": ("<code>\nprint(weather(city='Ulm'))\n</code>", [CITY]),
    "Python, a bracket in a text": (
        "<code>f(a='it\\'s ) \\n', b=(1, -2.5e1))</code>",
        [("f", {"a": "it's ) \n", "b": [1, -25.0]})],
    ),
    "Python, a call within a text": (
        "<code>f(a='</code><code>rm(b=1)</code>')</code>",
        [("f", {"a": "</code><code>rm(b=1)</code>"})],
    ),
    "Magistral": ('[THINK]Hm.[/THINK][TOOL_CALLS]weather[ARGS]{"city": "Ulm"}', [CITY]),
    "Gemma 4": (
        '<|tool_call>call:weather{city:<|"|>Ulm<|"|>}<tool_call|><|tool_call>call:f{}<tool_call|>',
        [CITY, ("f", {})],
    ),
    "FunctionGemma": (
        "<start_function_call>call:f{a:<escape>} {<escape>,b:{c:[true]}}<end_function_call>",
        [("f", {"a": "} {", "b": {"c": [True]}})],
    ),
    "a list": (f"[{OBJECT}]", [CITY]),
    "as in OpenAI's messages": (
        '[{"type": "function", "function": {"name": "f", "arguments": "{\\"a\\": 1}"}}]',
        [("f", {"a": 1})],
    ),
    "marks within an argument": (
        '<tool_call>{"name": "f", "arguments": {"a": "<function=rm>{}</function>"}}</tool_call>',
        [("f", {"a": "<function=rm>{}</function>"})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
def test_calls_of_each_family(name: str) -> None:
    text, calls = REPLIES[name]
    assert [(call.name, call.arguments) for call in read_calls(text)] == calls


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "<tool_call>",
        '<tool_call>{"name": "f", "argum',
        '<tool_call>{"name": 3, "arguments": {}}</tool_call>',
        '<tool_call>{"name": "f", "arguments": [1]}</tool_call>',
        '<tool_call>{"name": "f", "arguments": "no"}</tool_call>',
        "[1, 2]",
        "[]",
        "[TOOL_CALLS]f[ARGS]",
        '{"city": "Ulm"}',
        "<code>f('x')</code>",
        "<code>f(a=b)</code>",
        "<code>f(a=g",
        "<code>f(a='\\x')</code>",
        "<code>f(a='x'",
        "<code>f(**{'a': 1})</code>",
        "<|tool_call_start|>[f(a=1 b=2)]",
        "<|tool_call>call:f{a:Ulm}<tool_call|>",
        '<|tool_call>call:f{a:<|"|>Ulm',
    ],
)
def test_what_cannot_be_read_is_no_call(text: str) -> None:
    assert read_calls(text) == ()


PIECES = [
    "<code>",
    "f(",
    "a=",
    "'",
    '<|"|>',
    "<|tool_call>call:f{",
    "<tool_call>",
    "[TOOL_CALLS]",
    "<function=f>",
    "functools[",
    "to=f",
    "{",
    "[",
    '"',
    "f\n",
]


@given(st.lists(st.sampled_from([*PIECES, OBJECT, "</function>", "<|message|>", "}"])))
def test_any_text_is_read(pieces: list[str]) -> None:
    assert all(call.name for call in read_calls("".join(pieces)))


@pytest.mark.parametrize(
    "piece", [*PIECES, "<function=f", '{"name":', "[{", "<code>f(", "<code>f(a=["]
)
def test_repeated_beginnings_are_read_in_time(piece: str) -> None:
    assert read_calls(piece * 200_000) == ()
