"""Schemas from dicts, texts and classes; answers keep them, and become objects of the classes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, NotRequired, TypedDict

import pytest

from intab.engine.constrain.constraint import Constraint
from intab.engine.constrain.schemas import json_object, json_schema
from intab.errors import OptionError
from tests.engine.support.constrained import started, walk


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: float = 0.5


class Note(TypedDict):
    text: Literal["a", "b"]
    urgent: NotRequired[bool]


@dataclass
class Thing:
    name: Literal["lamp", "chair"]
    colours: list[Colour]
    at: Point | None
    pair: tuple[bool, int]
    notes: dict[str, Note]
    parts: list[Thing] = field(default_factory=list)


VALUE = {
    "name": "lamp",
    "colours": ["red", "blue"],
    "at": {"x": 1, "y": 2},
    "pair": [True, 3],
    "notes": {"k": {"text": "a"}},
    "parts": [],
}


def made(value: Any) -> Constraint:
    return json_schema("json_schema", value)


def test_an_answer_becomes_an_object_of_the_class() -> None:
    whole = made(Thing).parse(json.dumps({**VALUE, "parts": [{**VALUE, "at": None}]}))
    inner = Thing("lamp", [Colour.RED, Colour.BLUE], None, (True, 3), {"k": {"text": "a"}})
    outer = Thing(**{**vars(inner), "at": Point(1, 2.0), "parts": [inner]})
    assert whole == outer
    assert isinstance(whole.at.y, float)


def test_answers_of_a_class_are_its_objects() -> None:
    start = started(json_schema=Thing)
    texts = [text for seed in range(20) if (text := walk(start, seed, most=600))]
    assert texts
    for text in texts:
        assert isinstance(start.constraint.parse(text), Thing)


def test_a_typed_dict_is_a_dict() -> None:
    start = started(json_schema=Note)
    values = {text: start.constraint.parse(text) for s in range(20) if (text := walk(start, s))}
    assert all(value.keys() <= {"text", "urgent"} for value in values.values())
    assert {frozenset(value) for value in values.values()} >= {frozenset({"text"})}


def test_a_model_of_pydantics_is_asked_for_its_schema() -> None:
    class Model:
        @staticmethod
        def model_json_schema() -> dict[str, Any]:
            return {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}

        @staticmethod
        def model_validate(value: Any) -> tuple[str, Any]:
            return ("a model", value)

    assert made(Model).parse('{"a": 1}') == ("a model", {"a": 1})


def test_a_text_and_a_dict_are_the_same() -> None:
    schema = {"type": "object", "properties": {"a": {"const": 1}}}
    assert made(json.dumps(schema)) == made(schema)


def test_answers_have_the_form_of_json_dumps() -> None:
    schema = {"type": "array", "items": {"const": {"a": 1, "b": [2, "é"]}}, "minItems": 2}
    text = walk(started(json_schema={**schema, "maxItems": 2}), 0)
    assert text == json.dumps([{"a": 1, "b": [2, "é"]}] * 2, ensure_ascii=False)


def test_a_schema_may_ask_for_another_form() -> None:
    form = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
    schema = {"x-guidance": form, "const": {"a": 1, "b": 2}}
    assert walk(started(json_schema=schema), 0) == '{"a":1,"b":2}'


def test_any_object() -> None:
    start = started(json_object=True)
    found = [walk(start, seed) for seed in range(40)]
    texts = [text for text in found if text]
    assert texts
    assert all(isinstance(json.loads(text), dict) for text in texts)
    assert json_object("json_object", False) is None


circle: dict[str, Any] = {"type": "object"}
circle["properties"] = {"again": circle}
deep: dict[str, Any] = {"type": "string"}
for _ in range(150):
    deep = {"type": "array", "items": deep}
chained = {
    "$ref": "#/$defs/s0",
    "$defs": {
        **{f"s{n}": {"type": "array", "items": {"$ref": f"#/$defs/s{n + 1}"}} for n in range(300)},
        "s300": {"type": "null"},
    },
}
ENDLESS = {"type": ["array"], "prefixItems": [True, {"$ref": "#/$defs/n"}], "minItems": 2}
REFUSED: dict[str, tuple[Any, str]] = {
    "a number": (3, "json_schema must be a JSON schema"),
    "a list": ([1], "json_schema must be a JSON schema"),
    "an instance": (Point(1), "json_schema must be a JSON schema"),
    "another class": (int, "json_schema must be a JSON schema"),
    "no JSON": ("{", "json_schema is not valid JSON"),
    "JSON of a list": ("[]", "json_schema must be a JSON schema"),
    "a circle": (circle, "over 100 levels, or has itself in it"),
    "too deep": (deep, "over 100 levels"),
    "too deep a text": (json.dumps(deep), "over 100 levels"),
    "a set": ({"enum": {1}}, "a part that JSON cannot hold"),
    "not a number": ({"const": float("nan")}, "a part that JSON cannot hold"),
    "a long chain": (chained, "refer to each other one by one"),
    "itself": ({"$ref": "#"}, "json_schema never ends: #"),
    "an endless object": (
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        "json_schema never ends",
    ),
    "an endless list": (
        {"allOf": [{"$ref": "#/$defs/n"}], "$defs": {"n": ENDLESS}},
        "json_schema never ends: #/[$]defs/n",
    ),
    "too many keys": ({"type": "object", "minProperties": 5}, "minProperties 5"),
    "too many properties": (
        {"type": "object", "properties": {str(n): True for n in range(401)}},
        "401 properties in one object",
    ),
    "too large": ({"enum": ["x" * 600_000]}, "500,000 are the most"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_schema_is_refused_at_once(case: str) -> None:
    value, told = REFUSED[case]
    with pytest.raises(OptionError, match=told):
        made(value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#"}, "minItems": 2}]},
        {"type": ["object", "null"], "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    ],
)
def test_a_schema_in_itself_that_ends(schema: dict[str, Any]) -> None:
    texts = [walk(started(json_schema=schema), seed) for seed in range(10)]
    assert any(texts)


@dataclass
class Odd:
    what: set[int]


@dataclass
class Lost:
    what: "Nowhere"  # type: ignore[name-defined]  # noqa: F821, UP037


@pytest.mark.parametrize(("found", "told"), [(Odd, r"set\[int\]"), (Lost, "Nowhere")])
def test_annotations_without_a_schema(found: type, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        made(found)


UNSUPPORTED = {
    "not": {"not": {"type": "null"}},
    "if": {"if": {"type": "null"}, "then": True},
    "uniqueItems": {"type": "array", "uniqueItems": True},
    "contains": {"type": "array", "contains": {"const": 1}},
    "propertyNames": {"type": "object", "propertyNames": {"minLength": 1}},
    "dependentRequired": {"type": "object", "dependentRequired": {"a": ["b"]}},
    "unevaluatedProperties": {"type": "object", "unevaluatedProperties": False},
    "oneOf": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "Unknown format": {"type": "string", "format": "holy"},
    "Invalid type": {"type": "money"},
    "nowhere": {"$ref": "#/$defs/nowhere"},
    "other.example": {"$ref": "https://other.example/schema"},
    "nsatisfiable": {"type": "integer", "minimum": 3, "maximum": 2},
    "look": {"type": "string", "pattern": "(?=a)b"},
}


@pytest.mark.parametrize("keyword", UNSUPPORTED)
def test_what_the_library_cannot_honour_is_named(keyword: str) -> None:
    with pytest.raises(OptionError, match=f"json_schema cannot be honoured: .*{keyword}"):
        started(json_schema=UNSUPPORTED[keyword])
