"""The check of each option that constrains an answer, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from intab.engine.constrain.constraint import Constraint
from intab.engine.constrain.grammars import choices, grammar
from intab.engine.constrain.regexes import regex
from intab.engine.constrain.schemas import json_object, json_schema

CHECKS: dict[str, Callable[[str, Any], Constraint | None]] = {
    "json_schema": json_schema,
    "regex": regex,
    "choices": choices,
    "grammar": grammar,
    "json_object": json_object,
}
