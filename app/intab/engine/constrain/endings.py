"""Whether what is asked for can ever end: a rule or a schema that always needs itself again cannot.

What can end is found step by step: first what needs nothing else, then what needs only that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_PART = re.compile(r"[A-Za-z_][\w-]*|[()\[\]|?*{}]|~\s*0|->|%json")
Ends = Callable[[str], bool]


def endless(names: Iterable[str], ends: Callable[[str, Ends], bool]) -> list[str]:
    """Those of the names that cannot end; `ends` says whether one can, given what is known."""
    left, known = list(names), set[str]()
    while found := [name for name in left if ends(name, known.__contains__)]:
        known.update(found)
        left = [name for name in left if name not in known]
    return left


class Body:
    """What stands behind a rule, without its strings and regular expressions: its alternatives."""

    def __init__(self, text: str, rules: Iterable[str]) -> None:
        self._rules = set(rules)
        self._parts = [match[0] for match in _PART.finditer(re.sub(r"->\s*\w+", " ", text))]

    def ends(self, known: Ends) -> bool:
        """Whether a text of it can end, if those that are known can."""
        self._known, self._at = known, 0
        return self._alternatives()

    def _alternatives(self) -> bool:
        """Up to the bracket that closes them; brackets are 50 deep at most."""
        found = self._sequence()
        while self._peek() == "|":
            self._at += 1
            found = self._sequence() or found
        return found

    def _sequence(self) -> bool:
        found = True
        while self._peek() not in ("|", ")", "]", "}", ""):
            found = self._item() and found
        return found

    def _item(self) -> bool:
        part = self._peek()
        self._at += 1
        ends = part not in self._rules or self._known(part)
        if part in ("(", "[", "{"):
            ends = self._alternatives() or part != "("
            self._at += 1
        while self._peek() in ("?", "*") or self._peek().startswith("~"):
            self._at += 1
            ends = True
        return ends

    def _peek(self) -> str:
        return self._parts[self._at] if self._at < len(self._parts) else ""


def schema_ends(schema: Any, known: Ends) -> bool:
    """Whether a value of a schema can end, if those of the references that are known can."""
    if not isinstance(schema, Mapping):
        return True
    inner = [schema_ends(one, known) for one in _all(schema.get("allOf"))]
    for options in filter(None, (_all(schema.get(name)) for name in ("anyOf", "oneOf"))):
        inner += [any(schema_ends(one, known) for one in options)]
    if isinstance(reference := schema.get("$ref"), str):
        inner.append(known(reference))
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and len(kind) == 1 else kind
    if kind == "object":
        inner += [schema_ends(one, known) for one in _required(schema)]
    if kind == "array":
        inner += [schema_ends(one, known) for one in _items(schema)]
    return all(inner)


def _all(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _required(schema: Mapping[str, Any]) -> list[Any]:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    others = schema.get("additionalProperties")
    return [properties.get(name, others) for name in _all(schema.get("required"))]


def _items(schema: Mapping[str, Any]) -> list[Any]:
    least = schema.get("minItems", 0)
    least = least if isinstance(least, int) else 0
    first = [*_all(schema.get("prefixItems"))]
    others = [schema.get("items")] if least > len(first) else []
    return [*first[:least], *others]
