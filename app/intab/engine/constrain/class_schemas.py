"""Dataclasses, TypedDicts and pydantic's models as JSON schemas, and answers as their objects.

    @dataclass
    class Town:
        name: str
        people: int

    schema, make = schema_of_class("json_schema", Town)
    make({"name": "Ulm", "people": 126000})    ->   Town("Ulm", 126000)

Every field is asked for, with a default or without; no others may come.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from intab.errors import OptionError

Schema = dict[str, Any]
Make = Callable[[Any], Any]

_SCALARS: dict[Any, str] = {
    int: "integer",
    float: "number",
    str: "string",
    bool: "boolean",
    type(None): "null",
    list: "array",
    tuple: "array",
    dict: "object",
}


def schema_of_class(option: str, found: type) -> tuple[Schema, Make] | None:
    """The schema of a class and what makes its objects of JSON values; None for other classes."""
    if hasattr(found, "model_json_schema") and hasattr(found, "model_validate"):
        return found.model_json_schema(), found.model_validate
    if not _has_fields(found):
        return None
    known: dict[str, Schema] = {}
    reference = _object(option, found, known)
    return {**reference, "$defs": known}, lambda value: _made(found, value)


def _has_fields(hint: Any) -> bool:
    return isinstance(hint, type) and (is_dataclass(hint) or hasattr(hint, "__total__"))


def _object(option: str, found: type, known: dict[str, Schema]) -> Schema:
    """A reference to the schema of a class, which is made once, so that it may be in itself."""
    name = re.sub(r"\W", "_", f"{found.__module__}.{found.__qualname__}", flags=re.ASCII)
    if name not in known:
        known[name] = {}
        hints = _hints(option, found)
        properties = {field: _schema(option, hint, known) for field, hint in hints.items()}
        known[name] |= {"type": "object", "properties": properties}
        required = [field for field, hint in hints.items() if _is_required(found, hint)]
        known[name]["required"] = required
        known[name]["additionalProperties"] = False
    return {"$ref": f"#/$defs/{name}"}


def _is_required(found: type, hint: Any) -> bool:
    """Whether a field must be there. Where annotations are kept as texts (`from __future__ import
    annotations`), a TypedDict itself takes its own word alone, not that of each field."""
    if is_dataclass(found) or get_origin(hint) is Required:
        return True
    return get_origin(hint) is not NotRequired and bool(getattr(found, "__total__", True))


def _hints(option: str, found: type) -> dict[str, Any]:
    try:
        hints = get_type_hints(found, include_extras=not is_dataclass(found))
    except (NameError, TypeError) as exc:
        raise OptionError(
            f"{option}: the annotations of {found.__name__} cannot be read ({exc}): use names that "
            "its module knows."
        ) from exc
    if not is_dataclass(found):
        return hints
    return {field.name: hints[field.name] for field in fields(found) if field.init}


def _schema(option: str, hint: Any, known: dict[str, Schema]) -> Schema:
    """The schema of one annotation."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Required, NotRequired):
        return _schema(option, args[0], known)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(option, arg, known) for arg in args]}
    if origin is Literal:
        return {"enum": list(args)}
    if origin is list:
        return {"type": "array", "items": _schema(option, args[0], known)}
    if origin is tuple:
        return _tuple(option, args, known)
    if origin is dict and args[0] is str:
        return {"type": "object", "additionalProperties": _schema(option, args[1], known)}
    return _bare(option, hint, known)


def _tuple(option: str, args: tuple[Any, ...], known: dict[str, Schema]) -> Schema:
    if args[1:] == (...,):
        return {"type": "array", "items": _schema(option, args[0], known)}
    items = [_schema(option, arg, known) for arg in args]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}


def _bare(option: str, hint: Any, known: dict[str, Schema]) -> Schema:
    if hint is Any:
        return {}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    if _has_fields(hint):
        return _object(option, hint, known)
    if hint not in _SCALARS:
        raise OptionError(
            f"{option}: the annotation {hint!r} has no JSON schema: take int, float, str, bool, "
            "None, an Enum, Literal, a dataclass, a TypedDict, or a list, tuple, dict[str, ...] or "
            "union of them."
        )
    return {"type": _SCALARS[hint]}


def _made(hint: Any, value: Any) -> Any:
    """A JSON value as an object of the annotation."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Required, NotRequired):
        return _made(args[0], value)
    if origin in (Union, types.UnionType):
        return _made(next((arg for arg in args if _fits(arg, value)), Any), value)
    if origin is list:
        return [_made(args[0], one) for one in value]
    if origin is tuple:
        each = [args[0]] * len(value) if args[1:] == (...,) else args
        return tuple(_made(one, part) for one, part in zip(each, value, strict=True))
    if origin is dict:
        return {key: _made(args[1], one) for key, one in value.items()}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if not _has_fields(hint):
        return float(value) if hint is float else value
    hints = get_type_hints(hint)
    parts = {key: _made(hints[key], one) for key, one in value.items()}
    make: Any = hint if is_dataclass(hint) else dict
    return make(**parts)


def _fits(hint: Any, value: Any) -> bool:
    """Whether a member of a union is the one that a value was written for."""
    origin = get_origin(hint) or hint
    if origin is Literal:
        return value in get_args(hint)
    if isinstance(origin, type) and issubclass(origin, Enum):
        return value in [member.value for member in origin]
    if _has_fields(origin):
        names = get_type_hints(origin)
        return isinstance(value, Mapping) and value.keys() <= names.keys()
    if origin is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if origin is tuple:
        return isinstance(value, list)
    if origin is int and isinstance(value, bool):
        return False
    return isinstance(value, origin) if isinstance(origin, type) else True
