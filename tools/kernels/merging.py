"""Many choices of types written as few: "T1=float|float16 T2=bool" stands for two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Sets = dict[str, frozenset[str]]


def merged(choices: Iterable[Mapping[str, str]]) -> list[str]:
    """All choices and no other; those that differ in one variable become one, again and again."""
    found = [{name: frozenset((kind,)) for name, kind in choice.items()} for choice in choices]
    for name in sorted({name for choice in found for name in choice}):
        found = _merge(found, name)
    return sorted(map(_text, found))


def _merge(choices: list[Sets], name: str) -> list[Sets]:
    """One for all choices that are equal but for the types of a variable."""
    groups: dict[tuple[tuple[str, frozenset[str]], ...], frozenset[str]] = {}
    for choice in choices:
        rest = tuple(sorted((n, kinds) for n, kinds in choice.items() if n != name))
        groups[rest] = groups.get(rest, frozenset()) | choice[name]
    return [{**dict(rest), name: kinds} for rest, kinds in groups.items()]


def _text(choice: Sets) -> str:
    return " ".join(f"{name}={'|'.join(sorted(choice[name]))}" for name in sorted(choice))
