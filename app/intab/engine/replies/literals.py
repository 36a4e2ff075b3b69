"""Arguments of a call as Python or Gemma write them, read as JSON.

>>> read_arguments("(city='Ulm', days=[1, 2], now=True)", 0)
({'city': 'Ulm', 'days': [1, 2], 'now': True}, 35)
>>> read_arguments('{city:<|"|>Ulm<|"|>,days:[1,2]}', 0)
({'city': 'Ulm', 'days': [1, 2]}, 31)

Nothing is evaluated but a single string at a time: token by token the text becomes JSON, which is
read with its usual limits.
"""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Mapping
from typing import Any

from intab.engine.io.untrusted import load_json

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<marked> <\|"\|> .*? <\|"\|> | <escape> .*? <escape> )
      | (?P<quoted> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<key> [A-Za-z_]\w* ) \s* [=:]
      | (?P<word> [A-Za-z_]\w* | [-+]?[\d.][\w.]*(?:[-+]\d+)? )
      | (?P<closing> ,?\s* [)\]}] )
      | (?P<other> [(\[{,:] )
    )""",
    re.DOTALL | re.VERBOSE,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}
_OPENING, _BRACKETS = "([{", str.maketrans("()", "[]")
_MARKS = ('<|"|>', "<escape>")


def read_arguments(text: str, at: int) -> tuple[Mapping[str, Any] | None, int]:
    """The arguments whose bracket opens there, and where they end; None if there are none."""
    parts: list[str] = []
    level, place, last = 0, at, ""
    while token := _TOKEN.match(text, place):
        place, kind = token.end(), token.lastgroup or ""
        opens = kind == "other" and token[kind] in _OPENING
        if opens and last == "word":
            return None, at  # a function in a value; so no text is read again and again, either
        level += opens - (kind == "closing")
        try:
            parts.append(_as_json(kind, token[kind]))
        except (ValueError, SyntaxError):
            return None, at
        last = kind
        if level <= 0:
            break
    value = _object("".join(parts)) if level == 0 else None
    return (None, at) if value is None else (value, place)


def _as_json(kind: str, found: str) -> str:
    match kind:
        case "marked":
            mark = next(mark for mark in _MARKS if found.startswith(mark))
            return json.dumps(found[len(mark) : -len(mark)])
        case "quoted":
            return json.dumps(literal_eval(found))
        case "key":
            return f"{json.dumps(found)}:"
        case "word":
            return _WORDS.get(found, found)
        case "closing":
            return found.strip(", \n\t").translate(_BRACKETS)
    return found.translate(_BRACKETS)


def _object(text: str) -> Mapping[str, Any] | None:
    """What stands between the outermost brackets, whatever these are."""
    try:
        value = load_json("{" + text[1:-1] + "}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None
