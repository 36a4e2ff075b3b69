"""Arguments are held against the schema of their tool, as the jsonschema library judges them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from intab.engine.replies.arguments import fitted, problem

CITY = {"type": "string"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": CITY,
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "unit": {"enum": ["C", "F"]},
        "places": {"type": "array", "items": {"type": ["number", "null"]}, "maxItems": 2},
        "pair": {"type": "array", "prefixItems": [CITY, {"type": "integer"}], "items": False},
        "more": {"type": "object", "additionalProperties": {"type": "boolean"}},
        "any": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["a"]}]},
        "none": {"type": "string", "nullable": True, "minLength": 2},
        "fixed": {"const": 1},
    },
    "required": ["city"],
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"days": 7},
        {"days": 3.0},
        {"unit": "F"},
        {"places": [1, None]},
        {"pair": ["a", 1]},
        {"more": {"x": True}},
        {"any": {"a": 1}},
        {"none": None},
        {"fixed": 1},
    ],
)
def test_what_a_schema_allows(more: dict[str, Any]) -> None:
    assert problem({"city": "Ulm", **more}, SCHEMA) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "city is missing"),
        ({"city": 3}, "city must be string, not 3"),
        ({"city": "U", "land": "D"}, "land is unknown: there are city, days"),
        ({"city": "U", "days": True}, "days must be integer"),
        ({"city": "U", "days": 1.5}, "days must be integer"),
        ({"city": "U", "days": 0}, "days is below minimum 1"),
        ({"city": "U", "days": 8}, "days is above maximum 7"),
        ({"city": "U", "unit": "K"}, "unit must be one of"),
        ({"city": "U", "places": [1, "x"]}, r"places\[1\] must be number or null"),
        ({"city": "U", "places": [1, 2, 3]}, "places is above maxItems 2"),
        ({"city": "U", "pair": ["a", 1, 2]}, r"pair\[2\] may not be there"),
        ({"city": "U", "more": {"x": 1}}, "more.x must be boolean"),
        ({"city": "U", "any": {}}, "any is none of what anyOf allows"),
        ({"city": "U", "none": "x"}, "none is below minLength 2"),
        ({"city": "U", "fixed": True}, "fixed must be 1"),
    ],
)
def test_what_it_does_not(arguments: dict[str, Any], words: str) -> None:
    found = problem(arguments, SCHEMA)
    assert re.match(words, found or "")


def test_a_value_without_an_end_is_too_deep() -> None:
    value: dict[str, Any] = {}
    for _ in range(60):
        value = {"a": value}
    schema: dict[str, Any] = {"properties": {}}
    schema["properties"]["a"] = schema
    assert "too deep" in (problem(value, schema) or "")


def test_texts_become_what_the_schema_asks_for() -> None:
    given = {
        "city": "7",
        "days": "3",
        "more": '{"x": true}',
        "none": "None",
        "land": "1",
        "unit": "F",
    }
    wanted = {**given, "days": 3, "more": {"x": True}}
    assert fitted(given, SCHEMA) == wanted
    assert fitted({"days": "many"}, SCHEMA) == {"days": "many"}
    assert fitted({"a": "True"}, {"properties": {"a": {"type": "boolean"}}}) == {"a": True}
