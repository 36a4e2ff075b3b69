"""What all programs of an interpreter share, and putting it right after one that changed it.

A program may replace builtins, empty `sys.modules` or patch asyncio, and the next one must not
suffer for it. Restored are functions, classes and modules that we ourselves run on; what a program
adds, and the rest of the standard library, is its own business.
"""

from __future__ import annotations

import asyncio
import builtins
import sys
import warnings
from contextlib import suppress
from types import ModuleType
from typing import Any

# What the worker runs on, with its parts; urllib and the like may be patched to work in a page.
_OURS = {
    *("abc", "ast", "asyncio", "builtins", "codecs", "collections", "concurrent", "contextlib"),
    *("contextvars", "copy", "dataclasses", "email", "enum", "functools", "hashlib", "heapq"),
    *("importlib", "inspect", "intab", "io", "itertools", "jinja2", "json", "linecache"),
    *("math", "operator", "pyodide", "random", "re", "signal", "string", "struct", "sys"),
    *("textwrap", "threading", "time", "tokenize", "tokenizers", "traceback", "types"),
    *("typing", "warnings", "weakref", "_pyodide"),
}
_LISTS = ("path", "meta_path", "path_hooks")  # of sys
_UNCHANGED = object()


class InterpreterState:
    """How things are now; `restore` makes them so again."""

    def __init__(self) -> None:
        self._builtins = dict(vars(builtins))
        self._modules = dict(sys.modules)
        self._table = sys.modules
        self._lists = {name: list(getattr(sys, name)) for name in _LISTS}
        self._levels = sys.getrecursionlimit()
        self._trace, self._profile = sys.gettrace(), sys.getprofile()
        self._filters = list(warnings.filters)
        self._loop = asyncio.get_running_loop()
        loop = [self._loop, *type(self._loop).__mro__[:-1]]
        self._names = [(owner, dict(vars(owner))) for owner in [*self._own_modules(), *loop]]

    def _own_modules(self) -> list[ModuleType]:
        return [
            module
            for name, module in self._modules.items()
            if name.partition(".")[0] in _OURS and isinstance(module, ModuleType)
        ]

    def restore(self) -> None:
        """Undo what was changed since."""
        builtins.__dict__.update(self._builtins)  # first of all: no other name may be there
        sys.modules = self._table
        self._restore_modules()
        for owner, names in self._names:
            _restore_names(owner, names)
        for name, items in self._lists.items():
            setattr(sys, name, items)
        sys.setrecursionlimit(self._levels)
        sys.settrace(self._trace)
        sys.setprofile(self._profile)
        warnings.filters[:] = self._filters  # type: ignore[index]
        _close_figures()

    def _restore_modules(self) -> None:
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module


def _close_figures() -> None:
    """Figures of matplotlib that were not shown: the next program would draw on the last of them,
    and each takes memory."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        with suppress(Exception):  # a program may have put anything there
            pyplot.close("all")


def _restore_names(owner: Any, names: dict[str, Any]) -> None:
    """Put back functions, classes and modules that are others now, or gone."""
    now = vars(owner)
    for name in [] if isinstance(owner, ModuleType) else now.keys() - names.keys():
        if any(hasattr(base, name) for base in _above(owner)):
            delattr(owner, name)  # of an event loop: it hides a method
    for name, value in names.items():
        if now.get(name, _UNCHANGED) is not value and (
            callable(value) or isinstance(value, ModuleType | classmethod | staticmethod | property)
        ):
            setattr(owner, name, value)


def _above(owner: Any) -> tuple[type, ...]:
    """What an event loop, or a class of it, has its methods from."""
    return owner.__mro__[1:] if isinstance(owner, type) else (type(owner),)
