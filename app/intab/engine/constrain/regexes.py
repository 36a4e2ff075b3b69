r"""Python's regular expressions in the library's syntax, with Python's meaning.

    >>> translate("regex", r"(ab|c){2}x?")
    '(?:(?:(?:ab|c))){2,2}(?:x){0,1}'

Python's own parser reads them, so what is valid here is valid in `re`. A whole answer matches, as
with `re.fullmatch`. What no automaton can do is an error that names it: looking ahead and behind,
references to groups, places within the text.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any
from unicodedata import unidata_version

from intab.engine.constrain.cases import same_but_for_case
from intab.engine.constrain.constraint import Constraint
from intab.engine.constrain.nesting import MOST_BRACKETS, brackets
from intab.engine.io.untrusted import shown
from intab.errors import OptionError

MOST_TEXT = 20_000  # characters of an expression
MOST_REPEATS = 10_000  # of what repeats within what repeats
WHAT = "a regular expression, as a string or from re.compile"
_SPACE = r" \t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# The library knows Unicode 16; an older Python's letters and digits are those of its own version.
_VERSION = int(unidata_version.partition(".")[0])
_KNOWN = rf"&&\p{{age:{_VERSION}.0}}" if _VERSION < 16 else ""
# The insides of classes, without and with the flag re.ASCII.
_CLASSES = {
    "DIGIT": (rf"[\p{{Nd}}{_KNOWN}]", "0-9"),
    "SPACE": (_SPACE, r" \t-\r"),
    "WORD": (rf"[[\p{{L}}\p{{N}}_]{_KNOWN}]", "a-zA-Z0-9_"),
}
_REFUSED = {
    "ASSERT": "looks ahead or behind",
    "ASSERT_NOT": "looks ahead or behind",
    "GROUPREF": "refers to a group",
    "GROUPREF_EXISTS": "asks whether a group matched",
    "GROUPREF_IGNORE": "refers to a group",
    "ATOMIC_GROUP": "has an atomic group",
    "POSSESSIVE_REPEAT": "repeats without giving back",
    "AT": "names a place within the text, such as ^, $ or \\b",
}
_ENDS = ("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING")
Node = tuple[Any, Any]


def regex(name: str, value: Any) -> Constraint:
    """A constraint of a regular expression; OptionError for what is none, or cannot be honoured."""
    return Constraint(name, "regex", translate(name, value))


def translate(name: str, value: Any) -> str:
    """The expression in the library's syntax."""
    pattern, flags = (value.pattern, value.flags) if isinstance(value, re.Pattern) else (value, 0)
    if not isinstance(pattern, str) or not pattern:
        raise OptionError(f"{name} must be {WHAT}, not {shown(value)}.")
    if len(pattern) > MOST_TEXT or brackets(pattern, "(", ")") > MOST_BRACKETS:
        raise OptionError(
            f"{name} is too large: {MOST_TEXT:,} characters and {MOST_BRACKETS} groups within "
            "groups are the most."
        )
    parsed = _parsed(name, pattern, flags)
    return _Translator(name, parsed.state.flags).sequence(_without_ends(list(parsed)), 1)


def _parsed(name: str, pattern: str, flags: int) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parser.parse(pattern, flags)
    except (re.error, ValueError, OverflowError, RecursionError) as exc:
        raise OptionError(f"{name} is no valid regular expression: {exc}.") from exc


def _without_ends(nodes: list[Node]) -> list[Node]:
    """Without ^ at the beginning and $ at the end, where a whole answer matches anyway."""
    while nodes and _is_at(nodes[0], _ENDS[:2]):
        nodes = nodes[1:]
    while nodes and _is_at(nodes[-1], _ENDS[2:]):
        nodes = nodes[:-1]
    return nodes


def _is_at(node: Node, places: Sequence[str]) -> bool:
    return str(node[0]) == "AT" and str(node[1]) in places


class _Translator:
    """Of one expression; `flags` are those that hold at the moment."""

    def __init__(self, name: str, flags: int) -> None:
        self._name = name
        self._flags = flags

    def sequence(self, nodes: Sequence[Node], repeats: int) -> str:
        """One after another; `repeats`: how often what is around them repeats."""
        return "".join(self._node(str(kind), value, repeats) for kind, value in nodes)

    def _node(self, kind: str, value: Any, repeats: int) -> str:
        if kind in _REFUSED:
            self._refuse(_REFUSED[kind])
        simple: dict[str, Callable[[Any], str]] = {
            "LITERAL": self._literal,
            "NOT_LITERAL": lambda code: self._class([(_constants.NEGATE, None), (None, code)]),
            "ANY": lambda _: r"(?s:.)" if self._flags & re.DOTALL else r"[^\n]",
            "IN": self._class,
            "FAILURE": lambda _: self._refuse("matches nothing"),
        }
        if kind in simple:
            return simple[kind](value)
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = value
            return self._repeat(low, high, inner, repeats)
        if kind == "SUBPATTERN":
            return self._group(value, repeats)
        if kind == "BRANCH":
            return f"(?:{'|'.join(self.sequence(list(each), repeats) for each in value[1])})"
        return self._refuse(f"has {kind.lower()}")

    def _refuse(self, why: str) -> str:
        raise OptionError(f"{self._name} {why}, which cannot be honoured: write it without.")

    def _repeat(self, low: int, high: Any, inner: Any, repeats: int) -> str:
        most = low if high is _constants.MAXREPEAT else int(high)
        repeats *= max(most, 1)
        if repeats > MOST_REPEATS:
            self._refuse(f"repeats something more than {MOST_REPEATS:,} times")
        end = "" if high is _constants.MAXREPEAT else most
        return f"(?:{self.sequence(list(inner), repeats)}){{{low},{end}}}"

    def _group(self, value: Any, repeats: int) -> str:
        _, added, removed, inner = value
        before = self._flags
        self._flags = (before | added) & ~removed
        found = f"(?:{self.sequence(list(inner), repeats)})"
        self._flags = before
        return found

    def _literal(self, code: int) -> str:
        if self._flags & re.IGNORECASE:
            return self._class([(None, code)])
        return _escaped(self._checked(code))

    def _checked(self, code: int) -> int:
        if 0xD800 <= code <= 0xDFFF:
            self._refuse("has half of a surrogate pair")
        return code

    def _class(self, items: Sequence[Node]) -> str:
        negated = str(items[0][0]) == "NEGATE"
        inside = "".join(self._item(str(kind), value) for kind, value in items[negated:])
        return f"[{'^' if negated else ''}{inside}]"

    def _item(self, kind: str, value: Any) -> str:
        if kind == "CATEGORY":
            return self._category(str(value).removeprefix("CATEGORY_"))
        low, high = value if kind == "RANGE" else (self._checked(value),) * 2
        found = _range(low, high)
        if self._flags & re.IGNORECASE:
            others = same_but_for_case(low, high, ascii_alone=bool(self._flags & re.ASCII))
            found += "".join(map(_escaped, others))
        return found

    def _category(self, name: str) -> str:
        inside = _CLASSES[name.removeprefix("NOT_")][bool(self._flags & re.ASCII)]
        return f"[^{inside}]" if name.startswith("NOT_") else inside


def _range(low: int, high: int) -> str:
    """Without the halves of surrogate pairs, which are no characters."""
    parts = ((low, min(high, 0xD7FF)), (max(low, 0xE000), high))
    pairs = [(_escaped(a), _escaped(b)) for a, b in parts if a <= b]
    return "".join(a if a == b else f"{a}-{b}" for a, b in pairs)


def _escaped(code: int) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else f"\\u{{{code:x}}}"
