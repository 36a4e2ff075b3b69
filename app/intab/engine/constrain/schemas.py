"""A JSON schema as a constraint: from a dict, a JSON text or a class.

What the library does not honour it names itself when the schema is compiled. What it would honour
by half is refused here, and answers have the form that `json.dumps` gives them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from intab.engine.constrain.class_schemas import schema_of_class
from intab.engine.constrain.constraint import Constraint, Make
from intab.engine.constrain.dialect import spelled
from intab.engine.constrain.endings import endless, schema_ends
from intab.engine.constrain.nesting import MOST_NAMES, chain, levels, parts
from intab.engine.io.untrusted import MOST_LEVELS, load_json, shown
from intab.errors import OptionError

MOST_TEXT = 500_000  # characters of a schema
MOST_OPTIONAL = 400  # properties of an object that may be left out
WHAT = "a JSON schema: a dict, a JSON text, a dataclass, a TypedDict or a pydantic model"
# As json.dumps writes it. With free white space a small model may write nothing else.
FORM = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def json_schema(name: str, value: Any) -> Constraint:
    """A constraint of a schema; OptionError for what is none, is too large or too deep, or asks for
    what cannot be honoured."""
    schema, make = _schema(name, value)
    _check_depth(name, schema)
    for part in _schemas(schema):
        _check_part(name, part)
    _check_ends(name, schema)
    text = json.dumps({"x-guidance": FORM, **spelled(schema)})
    if len(text) > MOST_TEXT:
        raise OptionError(
            f"{name} has {len(text):,} characters as JSON, and {MOST_TEXT:,} are the most."
        )
    return Constraint(name, "json", text, make)


def json_object(name: str, value: Any) -> Constraint | None:
    """A constraint of any JSON object, None for False."""
    if not isinstance(value, bool):
        raise OptionError(f"{name} must be True or False, not {shown(value)}.")
    schema = {"x-guidance": FORM, "type": "object"}
    return Constraint(name, "json", json.dumps(schema)) if value else None


def _schema(name: str, value: Any) -> tuple[Mapping[str, Any], Make | None]:
    if isinstance(value, type):
        found = schema_of_class(name, value)
        if found is None:
            raise OptionError(f"{name} must be {WHAT}, not {shown(value)}.")
        return found
    if isinstance(value, str):
        try:
            value = load_json(value)
        except (ValueError, RecursionError) as exc:
            raise OptionError(f"{name} is not valid JSON: {str(exc)[:200]}.") from exc
    if not isinstance(value, Mapping):
        raise OptionError(f"{name} must be {WHAT}, not {shown(value)}.")
    return value, None


def _check_depth(name: str, schema: Mapping[str, Any]) -> None:
    if levels(schema, MOST_LEVELS) > MOST_LEVELS:
        raise OptionError(f"{name} has over {MOST_LEVELS} levels, or has itself in it.")
    try:
        json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise OptionError(f"{name} has a part that JSON cannot hold: {str(exc)[:200]}.") from exc

    def referred(place: str) -> Iterator[str]:
        parts_of = _schemas(_place(schema, place))
        yield from (part["$ref"] for part in parts_of if isinstance(part.get("$ref"), str))

    if chain("#", referred) > MOST_NAMES:
        raise OptionError(
            f"{name} has over {MOST_NAMES} schemas that refer to each other one by one: make the "
            "chain of $ref shorter."
        )


def _found(schema: Any, place: str) -> Any:
    """What a reference such as #/$defs/item stands for, None for what is elsewhere."""
    for step in place.removeprefix("#").strip("/").split("/"):
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(schema, list) and key.isdecimal() and int(key) < len(schema):
            schema = schema[int(key)]
        else:
            schema = schema.get(key) if isinstance(schema, Mapping) else None
    return schema


def _schemas(value: Any) -> Iterator[Mapping[str, Any]]:
    """All dicts in a value, itself included, in their order."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            yield one
        waiting += reversed(list(parts(one)))


def _check_ends(name: str, schema: Mapping[str, Any]) -> None:
    found = {part["$ref"] for part in _schemas(schema) if isinstance(part.get("$ref"), str)}
    left = endless(found, lambda place, known: schema_ends(_place(schema, place), known))
    if not schema_ends(schema, lambda place: place not in left):
        raise OptionError(
            f"{name} never ends: {min(left)} always needs itself again. Let it be null, or a "
            "property of it be left out."
        )


def _place(schema: Mapping[str, Any], place: str) -> Any:
    return schema if place == "#" else _found(schema, place)


def _check_part(name: str, schema: Mapping[str, Any]) -> None:
    """Keys that are not listed may come twice in an answer, and then count as one. Many that may be
    left out take the library minutes."""
    least, required = schema.get("minProperties"), schema.get("required")
    listed = len(required) if isinstance(required, list) else 0
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and len(properties) - listed > MOST_OPTIONAL:
        raise OptionError(
            f"{name} has {len(properties):,} properties in one object, of which {listed:,} are in "
            f"required: {MOST_OPTIONAL} others are the most."
        )
    if isinstance(least, int) and least > listed + 1:
        raise OptionError(
            f"{name} asks for minProperties {least:,}, which can be honoured up to one more than "
            f"the {listed:,} properties in required."
        )
