"""Which of intab's errors a function may raise, as far as its source tells.

It follows calls by name: of the same class, of the same module, of what the module imports. What
is called through an object of another class is not seen. An error that is caught on the way is
left out.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_type_hints

from intab.errors import IntabError

Function = Callable[..., Any]


def plain(member: object) -> Function | None:
    """The function behind a method, a property or a classmethod; None for anything else."""
    if isinstance(member, property):
        member = member.fget
    if isinstance(member, (classmethod, staticmethod)):
        member = member.__func__
    member = inspect.unwrap(member) if callable(member) else member
    return member if inspect.isfunction(member) else None


def raised(function: Function, owner: type | None = None) -> set[type[IntabError]]:
    """The errors of `function`, a method of `owner`, and of what it calls."""
    return _Search().of(function, owner)


def _is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).split(".")[0] == "intab"


@cache
def _tree_of(function: Function) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


class _Search:
    def __init__(self) -> None:
        self._seen: set[Function] = set()

    def of(self, function: Function, owner: type | None) -> set[type[IntabError]]:
        made_by_dataclasses = function.__code__.co_filename.startswith("<")
        if function in self._seen or not _is_ours(function) or made_by_dataclasses:
            return set()
        self._seen.add(function)
        return self._in(_tree_of(function), _Scope(function, owner))

    def _in(self, node: ast.AST, scope: _Scope) -> set[type[IntabError]]:
        if isinstance(node, ast.Try):
            caught = tuple(scope.classes(node.handlers))
            inside = set().union(*(self._in(child, scope) for child in node.body))
            others = [*node.handlers, *node.orelse, *node.finalbody]
            rest = (self._in(child, scope) for child in others)
            return {error for error in inside if not issubclass(error, caught)}.union(*rest)
        found = set(scope.raised_here(node)) if isinstance(node, ast.Raise) else set()
        for called, owner in scope.called(node) if isinstance(node, ast.Call) else ():
            found |= self.of(called, owner)
        return found.union(*(self._in(child, scope) for child in ast.iter_child_nodes(node)))


class _Scope:
    """What names mean in a function."""

    def __init__(self, function: Function, owner: type | None) -> None:
        self._globals = function.__globals__
        self._owner = owner

    def value(self, node: ast.AST | None) -> object:
        if isinstance(node, ast.Name):
            return self._owner if node.id in {"self", "cls"} else self._globals.get(node.id)
        if isinstance(node, ast.Attribute):
            # inspect: a property is itself, not its value
            return inspect.getattr_static(self.value(node.value), node.attr, None)
        return None

    def called(self, node: ast.Call) -> Iterator[tuple[Function, type | None]]:
        value = self.value(node.func)
        if inspect.isclass(value):
            for name in ("__init__", "__post_init__"):
                if made := plain(inspect.getattr_static(value, name, None)):
                    yield made, value
        elif function := plain(value):
            receiver = self.value(node.func.value) if isinstance(node.func, ast.Attribute) else None
            yield function, receiver if inspect.isclass(receiver) else None

    def raised_here(self, node: ast.Raise) -> Iterator[type[IntabError]]:
        """`raise X`, `raise X(...)`, and `raise x(...)` of a function that makes errors."""
        value = self.value(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
        if inspect.isfunction(value):
            value = get_type_hints(value).get("return")
        if inspect.isclass(value) and issubclass(value, IntabError):
            yield value

    def classes(self, handlers: list[ast.ExceptHandler]) -> Iterator[type]:
        """What is caught and not raised again."""
        for handler in handlers:
            if any(isinstance(node, ast.Raise) and not node.exc for node in ast.walk(handler)):
                continue
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            for kind in kinds:
                value = self.value(kind) if kind else BaseException
                value = value or vars(__import__("builtins")).get(getattr(kind, "id", ""))
                if inspect.isclass(value):
                    yield value
