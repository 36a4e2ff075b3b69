"""What a schema allows, the library `jsonschema` finds valid: random schemas, random answers."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from intab.errors import OptionError
from tests.engine.support.constrained import make_toy, started, walk

# 2,000 for a proof.
EXAMPLES = int(os.environ.get("INTAB_SCHEMAS", "100"))
names = st.text('abcé_ "\\', min_size=1, max_size=4)
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-1000, 1000), st.text(max_size=5)
)


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["integer", "number"]))
    low = draw(st.integers(-50, 50))
    bounds = {"minimum": low, "maximum": low + draw(st.integers(0, 100))}
    if draw(st.booleans()):
        bounds = {"exclusiveMinimum": low, "exclusiveMaximum": low + 2}
    if kind == "integer" and draw(st.booleans()):
        return {"type": kind, "multipleOf": draw(st.integers(1, 12))}
    return {"type": kind, **draw(st.sampled_from([{}, bounds]))}


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.integers(0, 4))
    lengths = {"minLength": low, "maxLength": low + draw(st.integers(0, 4))}
    pattern = {"pattern": draw(st.sampled_from(["^[a-f]{2,4}$", "x", "^a", "é+$", "^(ab|c)*$"]))}
    dated = {"format": draw(st.sampled_from(["date", "time", "uuid", "ipv4", "email"]))}
    return {"type": "string", **draw(st.sampled_from([{}, lengths, pattern, dated]))}


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    low = draw(st.integers(0, 2))
    found: dict[str, Any] = {"type": "array", "minItems": low, "maxItems": low + 2}
    if draw(st.booleans()):
        found["prefixItems"] = draw(st.lists(inner, min_size=1, max_size=2))
    return {**found, "items": draw(inner)}


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    properties = draw(st.dictionaries(names, inner, max_size=3))
    required = draw(st.lists(st.sampled_from([*properties]), unique=True)) if properties else []
    others = draw(st.sampled_from([{}, {"additionalProperties": False}]))
    return {"type": "object", "properties": properties, "required": required, **others}


schemas: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(
        numbers(),
        strings(),
        st.builds(lambda value: {"const": value}, scalars),
        st.builds(lambda values: {"enum": values}, st.lists(scalars, min_size=1, max_size=3)),
        st.sampled_from([{"type": "null"}, {"type": "boolean"}, {"type": ["null", "integer"]}]),
    ),
    lambda inner: st.one_of(
        arrays(inner),
        objects(inner),
        st.builds(lambda some: {"anyOf": some}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one, other: {"allOf": [one, other]}, objects(inner), objects(inner)),
    ),
    max_leaves=6,
)


def valid(schema: Any, text: str) -> bool:
    return bool(Draft202012Validator(schema).is_valid(json.loads(text)))


@settings(max_examples=EXAMPLES)
@given(schemas, st.integers(0, 10_000))
def test_every_text_that_a_schema_allows_is_valid(schema: dict[str, Any], seed: int) -> None:
    try:
        start = started(json_schema=schema)
    except OptionError as exc:
        assert "nsatisfiable" in str(exc) or "too" in str(exc), exc  # noqa: PT017
        return
    if text := walk(start, seed):
        assert valid(schema, text), (schema, text)


@settings(max_examples=EXAMPLES // 10)  # each takes a hundred times as long
@given(schemas, st.integers(0, 10_000))
def test_every_answer_of_a_model_is_valid(schema: dict[str, Any], seed: int) -> None:
    model, _ = make_toy()
    work = model.generate("A", json_schema=schema, seed=seed, max_new_tokens=60, temperature=2.0)
    try:
        answer = asyncio.run(work)
    except OptionError as exc:
        assert "nsatisfiable" in str(exc) or "too" in str(exc), exc  # noqa: PT017
        return
    if answer.finish_reason != "length":
        assert valid(schema, answer.text), (schema, answer.text)
        assert answer.parsed == answer.json()
