"""How deep something goes, measured without calls within calls: parsers, the library's among them,
call themselves once for each level, and a stack that is full is the end of a page's interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

MOST_BRACKETS = 50
MOST_NAMES = 100  # names that are looked up within each other


def levels(value: Any, most: int) -> int:
    """The levels of lists and dicts in lists and dicts, `most` + 1 for more, and for a circle."""
    inside, count = [value], 0
    while inside and count <= most:
        inside = [part for one in inside for part in parts(one)]
        count += 1
    return count


def parts(value: Any) -> Iterable[Any]:
    """What lies in a list, tuple or dict."""
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()


def brackets(text: str, opening: str = "([{", closing: str = ")]}") -> int:
    """How deep brackets lie in each other, whatever stands before them."""
    depth = deepest = 0
    for character in text:
        if character in opening:
            depth += 1
            deepest = max(deepest, depth)
        elif character in closing:
            depth = max(depth - 1, 0)
    return deepest


def chain(start: str, named: Callable[[str], Iterable[str]]) -> int:
    """How many names are looked up within each other from `start` on, if each is looked up once,
    in order, as compilers do."""
    seen, deepest = {start}, 1
    open_names: list[Iterator[str]] = [iter(named(start))]
    while open_names:
        name = next((name for name in open_names[-1] if name not in seen), None)
        if name is None:
            open_names.pop()
            continue
        seen.add(name)
        open_names.append(iter(named(name)))
        deepest = max(deepest, len(open_names))
    return deepest
