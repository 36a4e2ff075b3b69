"""Grammars in Lark's syntax or GBNF, and choices, as constraints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from intab.engine.constrain.constraint import Constraint
from intab.engine.constrain.endings import Body, endless
from intab.engine.constrain.nesting import MOST_BRACKETS, MOST_NAMES, brackets, chain
from intab.engine.io.untrusted import shown
from intab.errors import OptionError

MOST_TEXT = 200_000  # characters of a grammar, and of all choices
GRAMMAR = "a grammar in Lark's syntax or in GBNF"
CHOICES = "a list of different strings, none of them empty"
# What names nothing: strings, regular expressions and classes, comments.
_QUOTED = {
    "lark": re.compile(r'"(?:\\.|[^"\\\n])*"i?|/(?![/*])(?:\\.|[^/\\\n])+/\w*|//[^\n]*'),
    "gbnf": re.compile(r'"(?:\\.|[^"\\\n])*"|\[(?:\\.|[^\]\\\n])*\]|#[^\n]*'),
}
_RULE = re.compile(r"^[ \t]*[?!]*([A-Za-z_][\w-]*)[^\n:]*?(?:::=|:(?!:))", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_TEMPERATURE = re.compile(r"\[[^\]]*\btemperature\s*=")


def choices(name: str, value: Any) -> Constraint:
    """A constraint of one of several texts; OptionError for anything else."""
    strings = isinstance(value, Sequence) and not isinstance(value, str)
    if not strings or not value or not all(isinstance(one, str) and one for one in value):
        raise OptionError(f"{name} must be {CHOICES}, not {shown(value)}.")
    if len(set(value)) < len(value):
        raise OptionError(f"{name} must be {CHOICES}: {shown(_twice(value))} is there twice.")
    try:
        "".join(value).encode()
    except UnicodeEncodeError as exc:
        raise OptionError(f"{name} has half of a surrogate pair, which is no character.") from exc
    if sum(map(len, value)) > MOST_TEXT:
        raise OptionError(f"{name} has over {MOST_TEXT:,} characters: take fewer.")
    return Constraint(name, "regex", "|".join(map(_escaped, value)))


def _twice(values: Sequence[str]) -> str:
    return next(one for at, one in enumerate(values) if one in values[:at])


def _escaped(text: str) -> str:
    """A text as a regular expression of itself."""
    plain = (one if one.isascii() and one.isalnum() else f"\\u{{{ord(one):x}}}" for one in text)
    return "".join(plain)


def grammar(name: str, value: Any) -> Constraint:
    """A constraint of a grammar; OptionError for what is none, is too large, too deep, or asks for
    what cannot be honoured."""
    if not isinstance(value, str) or not value.strip():
        raise OptionError(f"{name} must be {GRAMMAR}, not {shown(value)}.")
    if len(value) > MOST_TEXT:
        raise OptionError(f"{name} has over {MOST_TEXT:,} characters: make it smaller.")
    kind = "gbnf" if "::=" in _QUOTED["lark"].sub(" ", value) else "lark"
    bare = _QUOTED[kind].sub(" ", value)
    if max(brackets(bare), brackets(value, "(", ")")) > MOST_BRACKETS:
        raise OptionError(f"{name} has over {MOST_BRACKETS} brackets in brackets: use more rules.")
    if _TEMPERATURE.search(bare):
        raise OptionError(f"{name} sets a temperature, which cannot be honoured: pass the option.")
    _check_rules(name, bare, "root" if kind == "gbnf" else "start")
    return Constraint(name, kind, value)


def _check_rules(name: str, bare: str, start: str) -> None:
    bodies = dict(_rules(bare))
    if start not in bodies:
        raise OptionError(f"{name} has no rule {start!r}, with which an answer begins.")
    named = {rule: [n for n in _NAME.findall(body) if n in bodies] for rule, body in bodies.items()}
    if chain(start, named.__getitem__) > MOST_NAMES:
        raise OptionError(
            f"{name} has over {MOST_NAMES} rules that name each other one by one: make the chain "
            "shorter."
        )
    parsed = {rule: Body(body, bodies) for rule, body in bodies.items()}
    if left := endless(bodies, lambda rule, known: parsed[rule].ends(known)):
        raise OptionError(
            f"{name} never ends: the rule {left[0]!r} always needs itself again. Give it an "
            "alternative without."
        )


def _rules(bare: str) -> Iterator[tuple[str, str]]:
    """The names of all rules and what stands behind them."""
    found = list(_RULE.finditer(bare))
    ends = [one.start() for one in found] + [len(bare)]
    for one, end in zip(found, ends[1:], strict=True):
        yield one[1], bare[one.end() : end]
