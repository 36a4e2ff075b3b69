"""A program's source as code that may have `await` at top level, and what its last line gives."""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Mapping
from types import CodeType
from typing import Any

_AWAITS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def compile_program(source: str, filename: str) -> tuple[CodeType, CodeType | None]:
    """The program, and the expression it ends with, if it ends with one. What this file imports
    from `__future__` is not the program's."""
    tree = compile(source, filename, "exec", ast.PyCF_ONLY_AST | _AWAITS, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or _is_docstring(tree):
        return compile(tree, filename, "exec", _AWAITS, dont_inherit=True), None
    tree.body.pop()
    body = compile(tree, filename, "exec", _AWAITS, dont_inherit=True)
    return body, compile(ast.Expression(last.value), filename, "eval", _AWAITS, dont_inherit=True)


def _is_docstring(tree: ast.Module) -> bool:
    return len(tree.body) == 1 and ast.get_docstring(tree, clean=False) is not None


async def run_code(code: CodeType, names: dict[str, Any]) -> Any:
    """Run it with these global names; an expression's value."""
    value = eval(code, names)  # noqa: S307 - the user's own program
    return await value if code.co_flags & inspect.CO_COROUTINE else value


def syntax_problems(source: str) -> list[Mapping[str, Any]]:
    """What is wrong with a program's syntax: nothing, or the first fault."""
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, "program.py", "exec", _AWAITS, dont_inherit=True)
    except SyntaxError as exc:
        place = {"line": exc.lineno or 1, "column": exc.offset or 1}
        return [{**place, "message": exc.msg}]
    except (ValueError, RecursionError, MemoryError, OverflowError) as exc:
        return [{"line": 1, "column": 1, "message": str(exc) or type(exc).__name__}]
    return []
