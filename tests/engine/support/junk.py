"""What a stranger may send, for property tests: odd texts, odd JSON, JSON with one odd place."""

from __future__ import annotations

import json
import sys
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

ODD_TEXTS = st.sampled_from(
    [
        *("", ".", "..", "../x", "/x", "a\\b", "x" * 2000, "__proto__", "a.constructor.b"),
        *("\ud800", "\0", "\n", "²", "٣", "9" * 400, "-1", "1e999", "nul", "con.onnx", "{{ 1 }}"),
    ]
)
TEXTS = ODD_TEXTS | st.text(max_size=8)
NUMBERS = st.sampled_from([-1, -(2**70), 2**31, 2**53, 10**400, 1e308, float("inf"), -0.5])
VALUES = st.none() | st.booleans() | st.integers(-9, 9) | NUMBERS | TEXTS
ODD = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def tried(examples: int) -> settings:
    """So many examples, and a fifth of them in a browser, which takes as long for these."""
    number = examples // 5 if sys.platform == "emscripten" else examples
    return settings(max_examples=number, suppress_health_check=list(HealthCheck), database=None)


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """A value of JSON in which one place, or the whole, is another than it was."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 4)) == 0:
        return draw(ODD)
    copy = value.copy()
    place = draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
    if isinstance(copy, dict) and draw(st.integers(0, 4)) == 0:
        copy[draw(TEXTS)] = copy.pop(place)
    else:
        copy[place] = draw(damaged(value[place]))
    return copy


def as_json(value: Any) -> bytes:
    """As a file; texts that UTF-8 has not are written as JSON can."""
    return json.dumps(value).encode()
