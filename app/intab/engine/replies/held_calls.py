"""Calls held to their tools' schemas: nothing is, until a reply opens a call.

A matcher like that of constrain/, which lets all through until the family's mark of a call. From
there on a grammar of the tools holds, to the end of the call; then all is free again. What the
library refuses, such as a schema with a keyword that it does not honour, stays free: a call is held
against its schema again before a function is called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.constrain.constraint import LIBRARY, Begin, Bring, Constraint
from intab.engine.replies.marks import MESSAGE, Marks, marks_of, opens_thought, token_of
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from intab.errors import IntabError

if TYPE_CHECKING:
    from intab.engine.constrain.library import Start
    from intab.engine.constrain.matcher import Matcher

_TO = re.compile(r"to=(?:functions\.)?([\w.-]+)")
_NAME = b'"name"'  # with it an object is a call
_TOKENS = ("[ARGS]", "[CALL_ID]")
_PYTHON = "<|python_tag|>"


def held_calls(
    tools: Any, tokenizer: Tokenizer, prompt: Sequence[int], size: int, ends: tuple[int, ...]
) -> HeldStart | None:
    """What holds the calls of an answer; None without tools or for a family that marks none."""
    marks = marks_of(tokenizer) if tools else None
    if marks is None or not (marks.calls or marks.channels):
        return None
    return HeldStart(tools, tokenizer, marks, prompt, size, ends)


def beginning_calls(start: HeldStart | None, bring: Bring) -> Begin | None:
    """What fetches the library when it is called, if the platform has to."""
    return None if start is None else partial(_begin, start, bring)


async def _begin(start: HeldStart, bring: Bring) -> HeldStart:
    try:
        await bring(LIBRARY)
    except IntabError:
        start.is_free = True  # a site without it
    return start


class HeldStart:
    """The beginning of an answer with tools. Grammars are compiled once a call is opened."""

    def __init__(
        self,
        tools: Any,
        tokenizer: Tokenizer,
        marks: Marks,
        prompt: Sequence[int],
        size: int,
        ends: tuple[int, ...],
    ) -> None:
        self.is_free = False
        self.tokenizer = tokenizer
        self.thinks = opens_thought(tokenizer, marks, prompt)
        opened, closed = marks.thought or ("", "")
        self.thoughts = {
            tokenizer.token_id(token_of(opened)): True,
            tokenizer.token_id(closed): False,
        }
        from intab.engine.replies.call_grammars import MARKS  # as rare as tools are

        found = {tokenizer.token_id(mark): mark for mark in marks.calls if mark in MARKS}
        self.marks = {number: mark for number, mark in found.items() if number is not None}
        self.message = tokenizer.token_id(MESSAGE) if marks.channels else None
        self.start = tokenizer.token_id("<|start|>")
        self.has_bare = _PYTHON in marks.calls  # Llama 3 writes calls without a mark, too
        self._tools, self._size, self._ends = tools, size, ends

    def matcher(self) -> HeldCalls:
        """One for another sequence."""
        return HeldCalls(self)

    def opens_object(self, token: int) -> bool:
        """Whether a first token may begin a call without a mark."""
        return self.has_bare and self.tokenizer.decode([token]).lstrip().startswith("{")

    def after_mark(self, mark: str) -> Start | None:
        """What may follow a mark."""
        from intab.engine.replies.call_grammars import call_grammar, described

        tokens = {name: f"<[{self.tokenizer.token_id(name)}]>" for name in _TOKENS}
        known = {name: text for name, text in tokens.items() if text != "<[None]>"}
        return self._compiled(lambda: call_grammar(mark, described(self._tools), known))

    def after_name(self, name: str) -> Start | None:
        """The arguments of a tool; None for a name that is none."""
        from intab.engine.replies.call_grammars import argument_grammar, described

        return self._compiled(lambda: argument_grammar(described(self._tools)[name]))

    def _compiled(self, grammar: Any) -> Start | None:
        from intab.engine.constrain.library import compiled

        if self.is_free:
            return None
        try:
            constraint = Constraint("tools", "lark", grammar())
            return compiled(constraint, self.tokenizer, self._size, self._ends)
        except (IntabError, AttributeError, KeyError, TypeError, ValueError):
            return None  # what the library refuses, or a tool that is described in another way


class HeldCalls:
    """One answer. `ended` never: what follows a call is free."""

    ended = False

    def __init__(self, start: HeldStart, other: HeldCalls | None = None) -> None:
        self._start = start
        self._inner: Matcher | None = other._inner.copy() if other and other._inner else None
        # What was written of a reply that may be a call, until it is one; None: it is one.
        self._maybe: bytes | None = other._maybe if other else None
        self._thinks: bool = other._thinks if other else start.thinks
        self._head: tuple[int, ...] = other._head if other else ()
        self._is_first: bool = other._is_first if other else True

    def __deepcopy__(self, memo: object) -> HeldCalls:
        return self.copy()

    def copy(self) -> HeldCalls:
        """Another one at the same place, which goes its own way."""
        return HeldCalls(self._start, self)

    def mask(self, ids: list[int], logits: Logits) -> Logits:
        """A LogitsProcessor, the last of all: minus infinity for what a call cannot go on with."""
        held = self._held()
        return held.mask(ids, logits) if held else logits

    def allowed(self, size: int) -> NDArray[np.bool_]:
        """Which of the first `size` ids may follow."""
        held = self._held()
        return held.allowed(size) if held else np.ones(size, bool)

    def _held(self) -> Matcher | None:
        """What holds a call that has begun and must go on."""
        inner = self._inner
        return inner if inner and self._maybe is None and not inner.may_end() else None

    def accept(self, token: int) -> None:
        """The token follows."""
        is_first, self._is_first = self._is_first, False
        if self._inner and (self._held() or self._inner.agreeing([token])):
            self._go_on(self._inner, token)
            return
        self._inner = None
        if self._start.message is not None:
            self._head_on(token)
        self._thinks = self._start.thoughts.get(token, self._thinks)
        if self._thinks:
            return
        if mark := self._start.marks.get(token):
            self._open(mark)
        elif is_first and self._start.opens_object(token):
            self._open("")
            self.accept(token)

    def _go_on(self, inner: Matcher, token: int) -> None:
        inner.accept(token)
        if self._maybe is not None:
            self._maybe += inner.text_of(token)
            self._maybe = None if _NAME in self._maybe else self._maybe
        if inner.ended:
            self._inner = None

    def _open(self, mark: str) -> None:
        from intab.engine.replies.call_grammars import OPEN

        self._take(self._start.after_mark(mark))
        self._maybe = b"" if mark in OPEN else None

    def _take(self, start: Start | None) -> None:
        self._inner, self._maybe = start.matcher(is_first=False) if start else None, None

    def _head_on(self, token: int) -> None:
        """Of gpt-oss: a message's head says to which function it goes."""
        if token == self._start.message:
            head = self._start.tokenizer.decode(list(self._head), skip_special_tokens=False)
            if to := _TO.search(head):
                self._take(self._start.after_name(to[1]))
        ends = token in (self._start.message, self._start.start)
        self._head = () if ends else (*self._head[-50:], token)

    def forced(self) -> list[int]:
        """The tokens that must follow one after the other, [] for a choice."""
        held = self._held()
        return held.forced() if held else []

    def agreeing(self, tokens: Sequence[int]) -> int:
        """How many of the tokens may follow one after the other, as far as that is known."""
        held = self._held()
        return held.agreeing(tokens) if held else len(tokens)
