"""Schemas mean what validators take them for: dates, times, sizes, patterns of two languages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from intab.engine.constrain.dialect import spelled
from tests.engine.support.constrained import TOKENIZER, started
from tests.engine.support.networks import EOS


def allowed(schema: dict[str, Any], value: Any) -> bool:
    """Whether an answer may be that value."""
    start = started(json_schema=schema)
    matcher, size = start.matcher(), len(start.vocabulary.tokens)
    for token in TOKENIZER.encode(json.dumps(value, ensure_ascii=False)):
        if matcher.ended or not matcher.allowed(size)[token]:
            return False
        matcher.accept(token)
    return matcher.ended or bool(matcher.allowed(size)[EOS])


DAYS = {
    "2021-02-28": True,
    "2021-02-29": False,
    "2020-02-29": True,
    "2000-02-29": True,
    "1900-02-29": False,
    "2021-04-30": True,
    "2021-04-31": False,
    "2021-12-31": True,
    "2021-13-01": False,
}
TIMES = {"23:59:59Z": True, "23:59:60Z": False, "08:00:00.25+01:30": True, "24:00:00Z": False}


def test_keywords_that_allow_all_there_is() -> None:
    """As generators of schemas write them; the library refuses them whatever they say."""
    array = {"type": "array", "uniqueItems": False, "unevaluatedItems": True}
    assert allowed({**array, "items": {"const": "a"}}, ["a", "a"])
    table = {"type": "object", "propertyNames": {}, "unevaluatedProperties": True}
    assert allowed({**table, "properties": {"uniqueItems": {"const": 1}}}, {"uniqueItems": 1})


@pytest.mark.parametrize("day", DAYS)
def test_days_that_there_are(day: str) -> None:
    dated = {"type": "string", "format": "date"}
    assert allowed(dated, day) == DAYS[day]
    assert allowed({"type": "array", "items": {"anyOf": [dated]}}, [day]) == DAYS[day]
    assert allowed({**dated, "pattern": "^1"}, day) == (DAYS[day] and day[0] == "1")
    assert allowed({"format": "date-time"}, f"{day}T10:00:00Z") == DAYS[day]


@pytest.mark.parametrize("time", TIMES)
def test_times_without_leap_seconds(time: str) -> None:
    assert allowed({"type": "string", "format": "time"}, time) == TIMES[time]
    assert allowed({"format": "date-time"}, f"2016-12-31T{time}") == TIMES[time]


def test_a_format_is_of_texts_alone() -> None:
    assert allowed({"format": "date"}, 3)


# What stands in a text of one character, and what does not.
PATTERNS = {
    r"\s": (" \t\u00a0\u2003", "x\ufeff\x85\x1c"),
    r"\S": ("xé漢", " \t\u00a0\ufeff\x85"),
    r"\d": ("07", "\u0663x"),
    r"\D": ("xé", "0\u0663"),
    r"\w": ("a_9", "é-"),
    r"\W": ("-😀", "a_é漢"),
    ".": ("xé\t", "\n\r\u2028\u2029"),
    r"[\s\d]": (" 3", "x\u0663\ufeff"),
    r"[^\s\d]": ("x-", " 3\u0663\ufeff"),
    r"[\S]": ("x", " \ufeff"),
    r"[^\D]": ("3", "x\u0663"),
    "[[]": ("[", "]"),
    "[a&&b]": ("a&b", "c"),
    "[~~x]": ("~x", "y"),
    "[+--]": ("+,-", "."),
    "[--/]": ("-./", ","),
    r"[\]\-a]": ("]-a", "\\"),
    r"\.": (".", "x"),
    r"\\": ("\\", "s"),
    r"[\\s]": ("\\s", " "),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_mean_what_both_languages_say(pattern: str) -> None:
    inside, outside = PATTERNS[pattern]
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    assert [one for one in inside if not allowed(schema, one)] == []
    assert [one for one in outside if allowed(schema, one)] == []
    keys = {"patternProperties": {f"^{pattern}$": {"type": "null"}}, "additionalProperties": False}
    assert allowed({"type": "object", **keys}, {inside[0]: None})
    assert not allowed({"type": "object", **keys}, {outside[0]: None})


def test_whole_numbers_as_sizes() -> None:
    schema = {"type": "array", "items": {"type": "null"}, "minItems": 1.0, "maxItems": 2.0}
    assert [allowed(schema, [None] * count) for count in range(4)] == [False, True, True, False]


def test_what_is_no_schema_stays() -> None:
    values = {"format": "date", "pattern": "."}
    schema = {
        "properties": {"format": {"const": values}, "pattern": {"enum": [values]}},
        "items": [True, {"maxLength": 2}],
        "required": ["pattern"],
        "examples": [values],
        "maxLength": 1.5,
    }
    assert spelled(schema) == schema
