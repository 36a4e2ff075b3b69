"""What the editor completes: intab's names, methods and options, from their own docstrings.

It imports intab itself, so what stands there is what the package does.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

SECTIONS = re.compile(r"\n\n(?:Args|Returns|Yields|Raises|Attributes):\n.*", re.DOTALL)
OPTION = re.compile(r"^ {4}((?:\w+, )*\w+): (.*\n(?: {8}.*\n)*)", re.MULTILINE)


def write(target: Path) -> None:
    """Write the file that app/page/editor_extras.mjs reads."""
    target.write_text(json.dumps(completions(), separators=(",", ":")), encoding="utf-8")


def completions() -> dict[str, list[dict[str, str]]]:
    """Entries of `intab.`, of values such as models and chats, and of options."""
    import intab

    names = [_entry(name, getattr(intab, name)) for name in intab.__all__ if name[0] != "_"]
    classes = (intab.Model, intab.Chat, intab.Pipeline, type(intab.storage), intab.Generation)
    # Of a name that several have, the first one's words.
    members = {entry["label"]: entry for owner in classes[::-1] for entry in _members(owner)}
    options = list(_options(intab.GenerationOptions))
    return {"intab": names, "members": list(members.values()), "options": options}


def _members(owner: type) -> Iterator[dict[str, str]]:
    for name, value in vars(owner).items():
        if not name.startswith("_") and (callable(value) or isinstance(value, property)):
            yield _entry(name, value)


def _entry(name: str, value: Any) -> dict[str, str]:
    kind = "class" if inspect.isclass(value) else "function" if callable(value) else "property"
    info = _unwrapped(SECTIONS.sub("", inspect.getdoc(value) or ""))
    return {"label": name, "type": kind, "detail": _signature(value), "info": info}


def _unwrapped(text: str) -> str:
    """Each paragraph as one line, which the editor breaks; code stays as it is."""
    parts = text.split("\n\n")
    return "\n\n".join(p if p.startswith(" ") else " ".join(p.split()) for p in parts)


def _signature(value: Any) -> str:
    """The names of the arguments: their types make a line too long to read."""
    if not inspect.isroutine(value):
        return ""
    names = [
        {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(one.kind.name, "") + name
        for name, one in inspect.signature(value).parameters.items()
        if name not in {"self", "cls"}
    ]
    return f"({', '.join(names)})"


def _options(owner: type) -> Iterator[dict[str, str]]:
    """The options, with what the class's docstring says of each, and their defaults."""
    defaults = {field.name: field.default for field in fields(owner)}
    for names, text in OPTION.findall((inspect.getdoc(owner) or "") + "\n"):
        info = " ".join(text.split())
        for name in names.split(", "):
            shown = defaults[name]
            detail = "" if repr(shown).startswith("<") else f"{shown!r}"
            yield {"label": f"{name}=", "type": "keyword", "detail": detail, "info": info}
