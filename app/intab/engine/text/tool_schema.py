"""A Python function as the JSON schema that chat templates and models know as a tool.

    def multiply(x: float, y: float) -> float:
        '''Multiply two numbers.

        Args:
            x: The first number.
            y: The second number.
        '''

Annotations give the types, a docstring in Google's style the words. The result equals that of
transformers.utils.get_json_schema:
https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from intab.engine.io.untrusted import load_json
from intab.errors import PromptError

Schema = dict[str, Any]

_SCALARS = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}
_BASIC = {**_SCALARS, list: "array", tuple: "array", dict: "object"}
_DESCRIPTION = re.compile(r"^(.*?)[\n\s]*(Args:|Returns:|Raises:|\Z)", re.DOTALL)
_ARGS = re.compile(r"\n\s*Args:\n(.*?)[\n\s]*(Returns:|Raises:|\Z)", re.DOTALL)
_NAME = r"(\w+)(?:[ \t]*\([^()\n]*\))?:"  # a type may follow: "x (int):"
_ARG = re.compile(
    rf"(?:^|\n)([ \t]*){_NAME}\s*(.*?)\s*(?=\n(?!\1[ \t])[ \t]*{_NAME}|\Z)",  # indent, name, words
    re.DOTALL,
)
_RETURNS = re.compile(r"\n\s*Returns:\n\s*(.*?)[\n\s]*(Raises:|\Z)", re.DOTALL)
_CHOICES = re.compile(r"\(choices:\s*(.*?)\)\s*$", re.IGNORECASE)


def get_json_schema(function: Callable[..., Any]) -> Schema:
    """The schema of a function: {"type": "function", "function": {name, description, ...}}.

    Every argument needs an annotation and a description in the docstring; a description may end
    with `(choices: ["tea", "coffee"])`. PromptError says what is missing.
    """
    name = getattr(function, "__name__", "operation")
    doc = (inspect.getdoc(function) or "").strip()
    if not doc:
        raise _refusal(name, "has no docstring, which tells the model what it is for")
    parameters, returns = _parameters(function, name)
    words = _argument_words(doc)
    for argument, schema in parameters["properties"].items():
        if argument not in words:
            raise _refusal(name, f"does not describe {argument!r} under Args: in its docstring")
        _describe(schema, words[argument], name)
    described = {"name": name, "description": _first(_DESCRIPTION, doc), "parameters": parameters}
    if returns is not None:
        if (said := _first(_RETURNS, doc)) is not None:
            returns["description"] = said
        described["return"] = returns
    return {"type": "function", "function": described}


def _refusal(name: str, why: str) -> PromptError:
    return PromptError(f"The tool {name} {why}; a JSON schema may be passed instead of a function.")


def _first(pattern: re.Pattern[str], doc: str) -> str | None:
    found = pattern.search(doc)
    return found.group(1).strip() if found else None


def _argument_words(doc: str) -> dict[str, str]:
    """What the docstring says of each argument, on one line."""
    found = _ARGS.search(doc)
    lines = [line for line in found.group(1).split("\n") if line.strip()] if found else []
    words = _ARG.findall("\n".join(lines))
    return {name: re.sub(r"\s*\n+\s*", " ", text.strip()) for _, name, text, _ in words}


def _describe(schema: Schema, words: str, name: str) -> None:
    """Put an argument's description into its schema, its choices as an enum."""
    if choices := _CHOICES.search(words):
        try:
            values = load_json(choices.group(1))
        except ValueError as exc:
            why = f"has choices that are not a list in JSON: {choices.group(1)}"
            raise _refusal(name, why) from exc
        schema["enum"] = [v.strip() if isinstance(v, str) else v for v in values]
        words = words[: choices.start()].strip()
    schema["description"] = words


def _parameters(function: Callable[..., Any], name: str) -> tuple[Schema, Schema | None]:
    """The schema of the arguments, and that of the result."""
    try:
        hints = get_type_hints(function)
        given = dict(inspect.signature(function).parameters)
    except (NameError, TypeError, ValueError) as exc:  # no such name; a partial; dict
        raise _refusal(name, f"has annotations that cannot be read ({exc})") from exc
    first = next(iter(given), None)
    if first in ("self", "cls") and given[first].annotation is inspect.Parameter.empty:
        del given[first]
    properties: Schema = {}
    for argument, parameter in given.items():
        if parameter.annotation is inspect.Parameter.empty:
            raise _refusal(name, f"has no annotation for {argument!r}")
        properties[argument] = _schema_of(hints[argument], name)
    schema: Schema = {"type": "object", "properties": properties}
    empty = inspect.Parameter.empty
    if required := [argument for argument, p in given.items() if p.default is empty]:
        schema["required"] = required
    return schema, _return_schema(hints, name)


def _return_schema(hints: dict[str, Any], name: str) -> Schema | None:
    """Left out if it has none: the model never writes what a function returns."""
    try:
        return _schema_of(hints["return"], name) if "return" in hints else None
    except PromptError:
        return None


def _schema_of(hint: Any, name: str) -> Schema:
    """The schema of one annotation."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is None:
        return _bare(hint, name)
    if origin in (Union, types.UnionType):
        return _union(args, name)
    if origin is Literal:
        return _values(list(args), hint, name)
    if origin in (list, tuple, dict) and not args:
        return {"type": _BASIC[origin]}
    if origin is list:
        return {"type": "array", "items": _schema_of(args[0], name)}
    if origin is tuple and len(args) > 1 and ... not in args:
        return {"type": "array", "prefixItems": [_schema_of(arg, name) for arg in args]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema_of(args[1], name)}
    raise _no_schema(hint, name)


def _bare(hint: Any, name: str) -> Schema:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _values([member.value for member in hint], hint, name)
    if hint is Any:
        return {}
    if hint not in _BASIC:
        raise _no_schema(hint, name)
    return {"type": _BASIC[hint]}


def _union(args: Sequence[Any], name: str) -> Schema:
    kinds = [_schema_of(arg, name) for arg in args if arg is not type(None)]
    if len(kinds) == 1:
        schema = kinds[0]
    elif all(kind.keys() == {"type"} and isinstance(kind["type"], str) for kind in kinds):
        names = sorted({kind["type"] for kind in kinds})
        schema = {"type": names[0] if len(names) == 1 else names}
    else:
        schema = {"anyOf": kinds}
    return {**schema, "nullable": True} if type(None) in args else schema


def _values(values: list[Any], hint: Any, name: str) -> Schema:
    """An enum of plain values, with their type or types."""
    if not values or any(type(value) not in _SCALARS for value in values):
        raise _no_schema(hint, name)
    kinds = list(dict.fromkeys(_SCALARS[type(value)] for value in values))
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": values}


def _no_schema(hint: Any, name: str) -> PromptError:
    return _refusal(
        name,
        f"has the annotation {hint!r}, which has no JSON schema: take int, float, str, bool, "
        "an Enum, Literal, or a list, tuple, dict or union of them",
    )
