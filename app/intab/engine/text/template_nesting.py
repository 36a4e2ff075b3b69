"""How deep a template's source is nested, told from its tokens before Jinja's parser sees them.

The parser and the compiler call themselves for each level. CPython answers thousands of levels with
RecursionError, but in a browser they may end the whole interpreter.
"""

from __future__ import annotations

from collections.abc import Iterable

import jinja2
from jinja2.lexer import Token

MAX_LEVELS = 32  # brackets within brackets, blocks within blocks
MAX_CHAIN = 300  # operators, filters, attributes and calls in one expression

_OPEN = {"lparen", "lbracket", "lbrace"}
_CLOSE = {"rparen", "rbracket", "rbrace"}
_CHAINED = {"add", "sub", "mul", "div", "floordiv", "mod", "pow", "dot", "pipe", *_OPEN}
_CHAINED_NAMES = {"not", "and", "or", "if", "is"}
_BLOCKS = {"autoescape", "block", "call", "filter", "for", "generation", "if", "macro", "with"}


def check_nesting(tokens: Iterable[Token]) -> None:
    """jinja2.TemplateSyntaxError if the source is nested deeper than any real template is."""
    brackets = blocks = chain = 0
    tag: list[Token] = []
    for token in tokens:
        if token.type in ("block_begin", "variable_begin"):
            chain, tag = 0, []
        tag.append(token)
        chain += token.type in _CHAINED or (token.type == "name" and token.value in _CHAINED_NAMES)
        brackets += (token.type in _OPEN) - (token.type in _CLOSE)
        if token.type == "block_end":
            blocks += _change(tag)
        if brackets > MAX_LEVELS or blocks > MAX_LEVELS:
            _refuse(f"more than {MAX_LEVELS} levels within each other", token)
        if chain > MAX_CHAIN:
            _refuse(f"more than {MAX_CHAIN} operators in one expression", token)


def _change(tag: list[Token]) -> int:
    """1 for a tag (from block_begin to block_end) that begins a block, -1 for one that ends it."""
    name = tag[1].value if len(tag) > 1 else ""
    if name.startswith("end"):
        return -1
    whole = name == "set" and not any(token.type == "assign" for token in tag)
    return int(whole or name in _BLOCKS)


def _refuse(what: str, token: Token) -> None:
    raise jinja2.TemplateSyntaxError(f"it has {what}", token.lineno)
