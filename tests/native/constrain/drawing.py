"""Schemas and regular expressions at random, of a seed, over all that is honoured.

schema(random.Random(3))    ->   {"type": "array", "items": {"const": 4}, "maxItems": 2}
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

Schema = dict[str, Any]
LETTERS = 'abcxyz éß漢😀"\\/\n'
PATTERNS = [
    "^[a-f]{2,4}$",
    "x",
    "^a",
    "é+$",
    "^(ab|c)*$",
    r"^\d{3}-\d{4}$",
    r"^\w+\s\w+$",
    r"^\S{1,5}$",
    r"^\D\W.$",
    r"^[^\s\d]{2}$",
    "^[[&&~]{1,2}$",
    "^(yes|no)$|^maybe$",
]
FORMATS = ["date", "time", "date-time", "duration", "uuid", "ipv4", "ipv6", "email", "hostname"]


def word(draw: Random) -> str:
    """A short text, which may be empty."""
    return "".join(draw.choices(LETTERS, k=draw.randint(0, 4)))


def value(draw: Random, depth: int = 1) -> Any:
    """Any JSON value."""
    kinds: list[Callable[[], Any]] = [
        lambda: None,
        lambda: draw.random() < 0.5,
        lambda: draw.randint(-(10**6), 10**6),
        lambda: round(draw.uniform(-100, 100), draw.randint(0, 6)),
        lambda: word(draw),
    ]
    if depth:
        kinds.append(lambda: [value(draw, depth - 1) for _ in range(draw.randint(0, 2))])
        kinds.append(lambda: {word(draw): value(draw, depth - 1) for _ in range(2)})
    return draw.choice(kinds)()


def different(values: list[Any]) -> list[Any]:
    """Without those that JSON Schema takes for the same."""
    return list({json.dumps(one, sort_keys=True): one for one in values}.values())


def number(draw: Random) -> Schema:
    """Numbers and integers with bounds, whole and not, and steps."""
    kind = draw.choice(["integer", "number"])
    digits = 0 if kind == "integer" else draw.randint(0, 3)

    def bound(low: float, high: float) -> float | int:
        found = round(draw.uniform(low, high), digits)
        return found if digits else int(found)

    found: Schema = {"type": kind}
    if draw.random() < 0.5:
        found[draw.choice(["minimum", "exclusiveMinimum"])] = bound(-1000, 50)
    if draw.random() < 0.5:
        found[draw.choice(["maximum", "exclusiveMaximum"])] = bound(60, 1000)
    if draw.random() < 0.3:
        steps = [1, 2, 3, 7, 10, 12] if kind == "integer" else [0.5, 0.25, 0.1, 0.01, 2]
        found["multipleOf"] = draw.choice(steps)
    return found


def string(draw: Random) -> Schema:
    """Texts with lengths, a pattern or a format."""
    found: Schema = {"type": "string"}
    kind = draw.randrange(4)
    if kind == 1:
        low = draw.randint(0, 4)
        found |= {"minLength": low, "maxLength": low + draw.randint(0, 5)}
    elif kind == 2:
        found["pattern"] = draw.choice(PATTERNS)
    elif kind == 3:
        found["format"] = draw.choice(FORMATS)
    return found


def array(draw: Random, depth: int) -> Schema:
    """Lists with a number of items, the first of which may have schemas of their own."""
    low = draw.randint(0, 2)
    found: Schema = {"type": "array", "items": part(draw, depth)}
    if draw.random() < 0.7:
        found |= {"minItems": low, "maxItems": low + draw.randint(0, 2)}
    if draw.random() < 0.3:
        found["prefixItems"] = [part(draw, depth) for _ in range(draw.randint(1, 2))]
        found["items"] = draw.choice([False, found["items"]])
    return found


def mapping(draw: Random, depth: int) -> Schema:
    """Objects with properties, some of them required, and others or none."""
    names = sorted({word(draw) or "n" for _ in range(draw.randint(0, 4))})
    found: Schema = {"type": "object", "properties": {name: part(draw, depth) for name in names}}
    if names and draw.random() < 0.8:
        found["required"] = draw.sample(names, draw.randint(1, len(names)))
    others: list[Any] = [False, True, part(draw, depth)]
    if draw.random() < 0.8:
        found["additionalProperties"] = draw.choice(others)
    if draw.random() < 0.1:
        found["patternProperties"] = {"^n[0-9]+$": part(draw, depth)}
    return found


def part(draw: Random, depth: int) -> Schema:
    """A schema in a schema, which may refer to the whole one where that may end."""
    simple: list[Callable[[], Schema]] = [
        lambda: number(draw),
        lambda: string(draw),
        lambda: {"const": value(draw)},
        lambda: {"enum": different([value(draw, 0) for _ in range(draw.randint(1, 4))])},
        lambda: {"type": draw.choice(["null", "boolean", ["null", "integer"]])},
        lambda: {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/item"}]},
    ]
    nested: list[Callable[[], Schema]] = [
        lambda: array(draw, depth - 1),
        lambda: mapping(draw, depth - 1),
        lambda: {"anyOf": [part(draw, depth - 1) for _ in range(draw.randint(1, 3))]},
        lambda: {"allOf": [mapping(draw, depth - 1), mapping(draw, depth - 1)]},
    ]
    return draw.choice([*simple, *nested, *nested] if depth else simple)()


def schema(draw: Random) -> Schema:
    """A schema, with one that others in it may refer to, itself included."""
    item = draw.choice([array, mapping])(draw, 1)
    return {**part(draw, draw.randint(0, 3)), "$defs": {"item": item}}


ATOMS = [*"abc01_ é漢\n", "[a-f]", r"[^b-z\n]", r"[\d_x]", r"\d", r"\w", r"\s", r"\D", r"\W", "."]
ATOMS += [r"\S", r"\.", r"\x41", "[é-ü]", "(?i:ab)", r"[^\W\d]", "😀"]


def expression(draw: Random, depth: int = 3) -> str:
    """A regular expression of Python's."""
    if not depth or draw.random() < 0.25:
        return str(draw.choice(ATOMS))
    inner = [expression(draw, depth - 1) for _ in range(draw.randint(1, 3))]
    kind = draw.randrange(4)
    if kind == 0:
        return f"(?:{'|'.join(inner)})"
    if kind == 1:
        return f"(?i:{inner[0]})"
    if kind == 2:
        return f"(?:{inner[0]}){draw.choice(['?', '*', '+', '{2}', '{1,3}', '*?', '{,2}'])}"
    return "".join(inner)
