"""A call's arguments in the order of its parameters, however a template passed them.

>>> method_arguments("to_bytes", [], {"byteorder": "big", "length": 8})
[8, 'big', None]
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2.runtime import LoopContext

from intab.engine.text.template_budget import ITEM, bound

# The methods of plain values that take keywords, in any Python from 3.11 on.
_PARAMETERS = {
    "decode": ("encoding", "errors"),
    "encode": ("encoding", "errors"),
    "expandtabs": ("tabsize",),
    "hex": ("sep", "bytes_per_sep"),
    "replace": ("old", "new", "count"),
    "rsplit": ("sep", "maxsplit"),
    "split": ("sep", "maxsplit"),
    "splitlines": ("keepends",),
    "to_bytes": ("length", "byteorder", "signed"),
    "translate": ("table", "delete"),
}


def method_arguments(name: str, args: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
    """The arguments of a method, without the value it belongs to."""
    return _bound(_PARAMETERS.get(name, ()) if named else (), args, named)


def filter_arguments(
    function: Callable[..., Any], given: Sequence[Any], named: Mapping[str, Any]
) -> list[Any]:
    """The arguments of a filter, the value first; `given` lacks what Jinja itself passes."""
    return _bound(_names(function) if named else (), given, named)


def seen(value: Any) -> Any:
    """`value`, or the list of what an iterator gives, which can be measured and then used."""
    if not isinstance(value, Iterator) or isinstance(value, LoopContext):
        return value
    items: list[Any] = []
    for item in value:
        items.append(item)
        bound(ITEM * len(items))
    return items


@cache
def _names(function: Callable[..., Any]) -> tuple[str, ...]:
    # The wrappers that Jinja puts around some filters take more than their signature tells.
    own = 1 if hasattr(inspect.unwrap(function), "jinja_pass_arg") else 0
    return tuple(inspect.signature(function).parameters)[own:]


def _bound(names: Sequence[str], args: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
    """None in the place of what was not passed; names that are not known come last."""
    rest = names[len(args) :]
    return [
        *args,
        *(named.get(name) for name in rest),
        *(value for name, value in named.items() if name not in rest),
    ]
