"""The text of calls as names and arguments, whatever the family wrote them in.

read_calls('<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>')
    ->   (ToolCall("add", {"a": 1}),)

Hermes, Qwen, SmolLM3    <tool_call>{"name": ..., "arguments": {...}}</tool_call>
Qwen3-Coder              <tool_call><function=NAME><parameter=KEY>VALUE</parameter></function>
Llama 3                  <|python_tag|>{"name": ..., "parameters": {...}}; ...
Mistral                  [TOOL_CALLS][{...}, ...] or [TOOL_CALLS]NAME[ARGS]{...}
Phi-4, Granite           <|tool_call|>[{...}, ...], functools[{...}]
Functionary              NAME newline {...}, or <function=NAME>{...}</function>
DeepSeek                 <{_BAR}tool▁call▁begin{_BAR}>NAME<{_BAR}tool▁sep{_BAR}>{...}
gpt-oss                  to=functions.NAME<|message|>{...}
LFM2                     <|tool_call_start|>[NAME(KEY="VALUE")], or objects as Hermes'
SmolLM3 with Python      <code>NAME(KEY="VALUE")</code>
Gemma 4, FunctionGemma   call:NAME{KEY:<|"|>VALUE<|"|>}, or <escape> for the marks of a text
others                   a list in JSON, or one call
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from intab.engine.io.untrusted import MOST_LEVELS, load_json
from intab.engine.replies.literals import read_arguments
from intab.engine.replies.results import ToolCall

_BAR = "\uff5c"  # as wide as a letter
_NAME = r"[\w.-]{1,200}"
# Where a call begins: what names a function whose object follows, a function with tagged values, or
# what opens objects and lists.
_STARTS = re.compile(
    rf"to=(?:functions\.)?(?P<channel>{_NAME})[^{{]{{0,100}}?<\|message\|>\s*(?={{)"
    rf"|<{_BAR}tool▁call▁begin{_BAR}>(?:function<{_BAR}tool▁sep{_BAR}>)?(?P<deepseek>{_NAME})"
    rf"(?:<{_BAR}tool▁sep{_BAR}>)?\s*(?:```json\s*)?(?={{)"
    rf"|\[TOOL_CALLS\]\s*(?P<mistral>{_NAME})(?:\[CALL_ID\]\w+)?(?:\[ARGS\])?\s*(?={{)"
    rf"|<function=(?P<function>{_NAME})>\s*(?={{)"
    rf"|<function=(?P<tagged>{_NAME})>(?P<values>(?:(?!<function=).)*?)</function>"
    rf"|(?:\A|>>>)(?P<line>{_NAME})\n(?={{)"
    rf"|(?:<\|tool_call>|<start_function_call>)call:(?P<gemma>{_NAME})(?=\{{)"
    r"|(?P<python><\|tool_call_start\|>|<code>)"
    r"|<tool_call>|\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call\|>|functools(?=\[)",
    re.DOTALL,
)
_NAMED = ("channel", "deepseek", "mistral", "function", "line")
_VALUE = re.compile(rf"<parameter=({_NAME})>\n?(.*?)\n?</parameter>", re.DOTALL)
_PYTHON_ENDS = re.compile(r"<\|tool_call_end\|>|</code>")
_APPLIED = re.compile(rf"(?<![\w.])({_NAME})(?=\()")
_BETWEEN = re.compile(r"[\s;,]*")
_PARTS = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*"', re.DOTALL)
_OF_NAMES, _OF_CALLS = {"name", "type", "id"}, {"arguments", "parameters", "function"}
_MOST = 50_000  # characters of calls that are read


def read_calls(text: str) -> tuple[ToolCall, ...]:
    """The calls in a text that holds some; none if nothing in it can be read as such."""
    text = text[:_MOST]
    found, at = _listed(text, 0, bare=True)
    while start := _STARTS.search(text, at):
        calls, at = _begun(text, start)
        found += calls
    return tuple(found)


def _begun(text: str, start: re.Match[str]) -> tuple[list[ToolCall], int]:
    """The calls that begin there, and where they end."""
    if name := start["tagged"]:
        # Values are texts, of which the tool's schema makes what it asks for.
        return [ToolCall(name, dict(_VALUE.findall(start["values"])))], start.end()
    if start["python"]:
        return _listed_or_applied(text, start.end())
    if name := start["gemma"]:
        given, end = read_arguments(text, start.end())
        return [] if given is None else [ToolCall(name, given)], max(end, start.end())
    name = next((start[kind] for kind in _NAMED if start[kind]), None)
    if name is None:
        return _listed(text, start.end())
    value, end = _object(text, start.end())
    return [ToolCall(name, value)] if isinstance(value, Mapping) else [], end


def _listed_or_applied(text: str, at: int) -> tuple[list[ToolCall], int]:
    """Objects, or functions that are applied to arguments with names, whatever is around them."""
    found, end = _listed(text, at)
    if found:
        return found, end
    end = next((mark.start() for mark in _PYTHON_ENDS.finditer(text, at)), len(text))
    while start := _APPLIED.search(text, at, end):
        given, after = read_arguments(text, start.end())
        found += [] if given is None else [ToolCall(start[1], given)]
        at = max(after, start.end())
    return found, max(at, end)


def _listed(text: str, at: int, *, bare: bool = False) -> tuple[list[ToolCall], int]:
    """Objects that name their function, one by one or in lists; `bare` if no mark says so."""
    found: list[ToolCall] = []
    while True:
        between = _BETWEEN.match(text, at)
        value, end = _object(text, between.end() if between else at)
        values = value if isinstance(value, list) else [value]
        calls = [None if bare and _is_data(one) else _call(one) for one in values]
        known = [call for call in calls if call is not None]
        if not known or len(known) < len(calls):
            return found, at
        found += known
        at = end


def _object(text: str, at: int) -> tuple[Any, int]:
    """The JSON object or list there and where it ends; None if there is none."""
    end = _end(text, at)
    try:
        # Models that write code or letters break lines inside of strings.
        return (load_json(text[at:end], strict=False), end) if end > at else (None, at)
    except (ValueError, RecursionError):
        return None, at


def _end(text: str, at: int) -> int:
    """Where the brackets that open there are closed again; `at` if they are not."""
    if text[at : at + 1] not in ("[", "{"):
        return at
    level = 0
    for part in _PARTS.finditer(text, at):
        if part[0] in "[{":
            level += 1
        elif part[0] in "]}":
            level -= 1
        if level == 0 or level > MOST_LEVELS:
            return part.end() if part.start() > at and level == 0 else at
    return at


def _is_data(value: Any) -> bool:
    """Whether an object has a name and more, but nothing that a call has: {"name": "Ann", "age": 3}
    is an answer."""
    if not isinstance(value, Mapping) or "name" not in value:
        return False
    more = value.keys() - _OF_NAMES
    return bool(more) and not more & _OF_CALLS


def _call(value: Any) -> ToolCall | None:
    """An object as a call: `function` may be around it, its arguments may be a JSON text."""
    if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
        value = value["function"]
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        return None
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        arguments, _ = _object(arguments, 0)
    return ToolCall(value["name"], arguments) if isinstance(arguments, Mapping) else None
