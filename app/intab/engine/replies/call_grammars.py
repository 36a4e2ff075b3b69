r"""What may follow a family's mark of a call, as grammars in Lark's syntax.

    call_grammar("<tool_call>", {"add": {"type": "object", ...}}, {})
        ->   'start: ws (call | "<function=" name ">") ...'

Names are those of the tools, and arguments what their schemas allow. White space is free, within
bounds, since models were taught different forms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from intab.engine.constrain.schemas import json_schema
from intab.engine.io.untrusted import load_json

Tools = Mapping[str, Mapping[str, Any]]  # the schemas of arguments, by the function's name
FORM = {"whitespace_flexible": True, "whitespace_pattern": r"[ \n\t]{1,20}"}
BARE = ""  # no mark: a whole reply that is a call
_SPACE = r"ws: /[ \n\t]{0,20}/"
_LIST = 'list: "[" ws call (ws "," ws call)* ws "]"'
_APPLIED = "<|tool_call_start|>"  # LFM2's mark, after which functions are applied as in Python
_APPLIED_LIST = 'applied_list: "[" ws applied (ws "," ws applied)* ws "]"'
_ID = r'(ws "," ws "\"id\"" ws ":" ws /"\w{1,40}"/)?'
_STARTS = {
    "<tool_call>": 'start: ws (call | "<function=" name ">")',
    "[TOOL_CALLS]": "start: ws (list | named)",
    "<|tool_call|>": "start: ws list",
    "<|tool_call_start|>": "start: ws (list | applied_list)",
    "<|python_tag|>": 'start: ws call (ws ";" ws call)*',
    BARE: "start: ws call",
}
MARKS = frozenset(_STARTS) - {BARE}
# Of these families not all that follows is a call of ours: the beginning says what it is.
OPEN = frozenset({BARE, "<|python_tag|>"})


def described(tools: Any) -> Tools:
    """The tools of a chat by their names: functions, schemas, or a JSON text of schemas."""
    from intab.engine.text.tool_schema import get_json_schema  # as rare as tools are

    listed: Sequence[Any] = load_json(tools) if isinstance(tools, str) else tools
    whole = [get_json_schema(tool) if callable(tool) else tool for tool in listed]
    inner = [one.get("function", one) for one in whole]
    return {one["name"]: one.get("parameters") or {} for one in inner}


def call_grammar(mark: str, tools: Tools, token: Mapping[str, str]) -> str:
    """What follows a mark; `token` has how the library names tokens that no text has."""
    calls = _rules("call", [_call(name, schema) for name, schema in tools.items()])
    names = _rules("name", [_quoted(name) for name in tools])
    named = _rules("named", [_named(name, schema, token) for name, schema in tools.items()])
    applied = _applied(tools) if mark == _APPLIED else []
    return "\n".join([_STARTS[mark], _LIST, *calls, *names, *named, *applied, _SPACE])


def argument_grammar(schema: Mapping[str, Any]) -> str:
    """The arguments of one function alone."""
    return f"start: ws {_arguments(schema)}\n{_SPACE}"


def _rules(name: str, bodies: Sequence[str]) -> list[str]:
    each = [f"{name}_{number}: {body}" for number, body in enumerate(bodies)]
    return [f"{name}: {' | '.join(f'{name}_{number}' for number in range(len(bodies)))}", *each]


def _call(name: str, schema: Mapping[str, Any]) -> str:
    kind = r'("\"type\"" ws ":" ws "\"function\"" ws "," ws)?'
    key = r'("\"arguments\"" | "\"parameters\"")'
    said = rf'"\"name\"" ws ":" ws {_quoted(json.dumps(name))} ws "," ws {key} ws ":" ws'
    return f'"{{" ws {kind} {said} {_arguments(schema)} {_ID} ws "}}"'


def _named(name: str, schema: Mapping[str, Any], token: Mapping[str, str]) -> str:
    """As Mistral's newer models write it."""
    number = rf"({token['[CALL_ID]']} /\w{{1,40}}/)? " if "[CALL_ID]" in token else ""
    opened = token.get("[ARGS]", '"[ARGS]"?')
    return f"{_quoted(name)} {number}{opened} ws {_arguments(schema)}"


def _applied(tools: Tools) -> list[str]:
    """As Python applies functions: arguments by name, in the schema's order."""
    rules: list[str] = []
    for number, (name, schema) in enumerate(tools.items()):
        known = list(schema.get("properties", {}).items())
        required = set(schema.get("required", ()))
        rules.append(f'applied_{number}: {_quoted(name + "(")} ws first_{number}_0 ws ")"')
        for at, (key, value) in enumerate(known):
            rest = f"_{number}_{at + 1}"
            given = f'{_quoted(key)} ws "=" ws {_value(value)} then{rest}'
            left_out = "" if key in required else f" | {{}}{rest}"
            rules.append(f"first_{number}_{at}: {given}{left_out.format('first')}")
            rules.append(f'then_{number}_{at}: ws "," ws {given}{left_out.format("then")}')
        rules += [f'{kind}_{number}_{len(known)}: ""' for kind in ("first", "then")]
    either = " | ".join(f"applied_{number}" for number in range(len(tools)))
    return [_APPLIED_LIST, f"applied: {either}", *rules]


def _value(schema: Mapping[str, Any]) -> str:
    """An argument's value: JSON's are Python's, but for what Python writes with a capital."""
    if schema.get("type") == "boolean":
        return '("True" | "False")'
    written = f"%json {json_schema('tools', {'x-guidance': FORM, **_plain(schema)}).text}"
    return f'("None" | {written})' if schema.get("nullable") is True else written


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _arguments(schema: Mapping[str, Any]) -> str:
    whole = {"x-guidance": FORM, "additionalProperties": False, **_plain(schema), "type": "object"}
    return f"%json {json_schema('tools', whole).text}"


def _plain(schema: Any) -> Any:
    """With null in the place of `nullable`, as transformers writes what may be None."""
    if isinstance(schema, (list, tuple)):
        return [_plain(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {key: _plain(value) for key, value in schema.items()}
    if found.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
        if isinstance(found.get("enum"), list):
            found["enum"] = [*found["enum"], None]
    return found
