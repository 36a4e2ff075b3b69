"""The arguments of a call held against the schema of its tool.

    problem({"city": 3}, {"type": "object", "properties": {"city": {"type": "string"}}})
        ->   "city must be string, not 3"

What schemas of tools are made of is judged here; a keyword beyond that is left to the function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from intab.engine.io.untrusted import load_json, shown

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
_LEVELS = 50


def fitted(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with texts read as JSON where the schema asks for something else: some
    families write all values as texts."""
    known = schema.get("properties", {})
    return {name: _fitted(value, known.get(name)) for name, value in arguments.items()}


def _fitted(value: Any, schema: Any) -> Any:
    wanted = schema.get("type") if isinstance(schema, Mapping) else None
    if not isinstance(value, str) or not wanted or _has_type(value, wanted):
        return value
    try:
        return load_json({"True": "true", "False": "false", "None": "null"}.get(value, value))
    except (ValueError, RecursionError):
        return value


def problem(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    """What is wrong with the arguments, in one sentence; None if nothing is. Names that the schema
    does not have are wrong unless it says that there may be others."""
    whole = {"additionalProperties": False, **schema, "type": "object"}
    return next(_problems(dict(arguments), whole, "", 0), None)


def _problems(value: Any, schema: Any, where: str, level: int) -> Iterator[str]:
    if schema is False or level > _LEVELS:
        yield f"{where} may not be there" if schema is False else f"{where} is too deep"
        return
    if not isinstance(schema, Mapping) or (value is None and schema.get("nullable")):
        return
    name = where or "the arguments"
    if not _has_type(value, schema.get("type")):
        kinds = schema["type"] if isinstance(schema["type"], str) else " or ".join(schema["type"])
        yield f"{name} must be {kinds}, not {shown(value)}"
        return
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        yield f"{name} must be one of {shown(schema['enum'])}, not {shown(value)}"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{name} must be {shown(schema['const'])}, not {shown(value)}"
    for kind in ("anyOf", "oneOf"):
        options = schema.get(kind)
        if options and not any(not [*_problems(value, o, where, level + 1)] for o in options):
            yield f"{name} is none of what {kind} allows: {shown(value)}"
    yield from _bounds(value, schema, name)
    if isinstance(value, dict):
        yield from _members(value, schema, where, level)
    elif isinstance(value, list):
        yield from _items(value, schema, where, level)


def _has_type(value: Any, wanted: Any) -> bool:
    kinds = [wanted] if isinstance(wanted, str) else wanted or []
    return not kinds or any(_is_a(value, kind) for kind in kinds)


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, (object,)))


def _same(value: Any, other: Any) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _bounds(value: Any, schema: Mapping[str, Any], name: str) -> Iterator[str]:
    size: Any = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        size, least, most = value, "minimum", "maximum"
    elif isinstance(value, str):
        size, least, most = len(value), "minLength", "maxLength"
    elif isinstance(value, list):
        size, least, most = len(value), "minItems", "maxItems"
    if size is None:
        return
    if isinstance(schema.get(least), (int, float)) and size < schema[least]:
        yield f"{name} is below {least} {schema[least]}: {shown(value)}"
    if isinstance(schema.get(most), (int, float)) and size > schema[most]:
        yield f"{name} is above {most} {schema[most]}: {shown(value)}"


def _members(
    value: Mapping[str, Any], schema: Mapping[str, Any], where: str, level: int
) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{_within(where, name)} is missing"
    others = schema.get("additionalProperties", True)
    for name, one in value.items():
        if name in known:
            yield from _problems(one, known[name], _within(where, name), level + 1)
        elif others is False:
            yield f"{_within(where, name)} is unknown: there are {', '.join(known) or 'none'}"
        else:
            yield from _problems(one, others, _within(where, name), level + 1)


def _within(where: str, name: str) -> str:
    return f"{where}.{name}" if where else str(name)


def _items(value: list[Any], schema: Mapping[str, Any], where: str, level: int) -> Iterator[str]:
    first = schema.get("prefixItems", [])
    for at, one in enumerate(value):
        wanted = first[at] if at < len(first) else schema.get("items", True)
        yield from _problems(one, wanted, f"{where}[{at}]", level + 1)
