"""A reply as it is written, apart: what was thought, what was said; calls of tools are kept.

>>> splitter = TagSplitter(("<think>", "</think>"), ("<tool_call>",))
>>> splitter.push("<think>A fox"), splitter.push(".</think>\\n\\nHi"), splitter.end("")
(('A fox', ''), ('.', 'Hi'), ('', ''))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from intab.engine.replies.marks import CALLS_END, MESSAGE, Marks, marks_of, opens_thought
from intab.engine.replies.results import ToolCall
from intab.engine.text.stream_decoder import StreamDecoder
from intab.engine.text.tokenizer import Tokenizer, overlap

Parts = tuple[str, str]  # what more was thought, what more was said
_ENDS = ("<|end|>", "<|return|>", "<|call|>")


class Splitter(Protocol):
    """calls: the text of calls so far; gap: the white space before it."""

    calls: str
    gap: str

    def push(self, text: str) -> Parts: ...
    def end(self, text: str) -> Parts: ...


class Finder(Protocol):
    """Passes text on up to a stop string."""

    def push(self, text: str, *, last: bool = False) -> tuple[str, bool]: ...


class _Field:
    """Text as it comes, without white space at its ends."""

    def __init__(self) -> None:
        self._begun = False
        self.held = ""

    def push(self, text: str, *, strips: bool) -> str:
        """What is certain; white space at the beginning stays unless it `strips`."""
        text = self.held + text
        if strips and not self._begun:
            text = text.lstrip()
        shown = text.rstrip()
        self._begun = self._begun or bool(shown)
        self.held = text[len(shown) :]
        return shown


class TagSplitter:
    """Of families whose marks stand around thoughts; what comes after the first call is kept."""

    def __init__(
        self, thought: tuple[str, str] | None, calls: Sequence[str], *, thinking: bool = False
    ) -> None:
        self.calls = self.gap = ""
        self._seen = thinking  # whether there was a mark
        self._open, self._close = thought or ("", "")
        self._openings = tuple(calls)
        self._thinking = thinking
        self._fields = (_Field(), _Field())
        self._held = ""

    def push(self, text: str) -> Parts:
        """The parts that are certain with more text."""
        return self._split(self._held + text, last=False)

    def end(self, text: str) -> Parts:
        """The rest, with the last text."""
        return self._split(self._held + text, last=True)

    def _split(self, text: str, *, last: bool) -> Parts:
        found = ["", ""]
        while not self.calls and (place := self._next(text)):
            at, mark = place
            self._take(found, text[:at])
            self._seen = True
            text = text[at + len(mark) :]
            if mark in self._openings:
                self.calls, self.gap = mark, self._fields[1].held
            else:
                self._thinking = mark == self._open
        if self.calls:
            self.calls, self._held = self.calls + text, ""
            return found[0], found[1]
        kept = 0 if last else max((overlap(text, mark) for mark in self._marks()), default=0)
        self._held = text[len(text) - kept :]
        self._take(found, text[: len(text) - kept])
        if last and not self._seen:
            found[1] += self._fields[1].held
        return found[0], found[1]

    def _take(self, found: list[str], text: str) -> None:
        """Without a mark a reply is content to the letter."""
        at = 0 if self._thinking else 1
        found[at] += self._fields[at].push(text, strips=self._seen)

    def _marks(self) -> tuple[str, ...]:
        if self._thinking:
            return (self._close,)
        return (*((self._open,) if self._open else ()), *self._openings)

    def _next(self, text: str) -> tuple[int, str] | None:
        places = ((text.find(mark), mark) for mark in self._marks())
        return min((place for place in places if place[0] >= 0), default=None)


class ChannelSplitter:
    """Of gpt-oss: `<|channel|>analysis<|message|>` thinks, `final` says, `to=` calls."""

    def __init__(self) -> None:
        self.calls = self.gap = ""
        self._text = ""
        self._given = [0, 0]

    def push(self, text: str) -> Parts:
        """The parts that are certain with more text."""
        return self._split(text, last=False)

    def _split(self, text: str, *, last: bool) -> Parts:
        self._text += text
        parts, self.calls = _channels(self._text, last)
        found = [part[given:] for part, given in zip(parts, self._given, strict=True)]
        self._given = [len(part) for part in parts]
        return found[0], found[1]

    def end(self, text: str) -> Parts:
        """The rest, with the last text."""
        return self._split(text, last=True)


def _channels(text: str, last: bool) -> tuple[list[str], str]:
    """What was thought and said, and the text of the calls."""
    parts: list[list[str]] = [[], []]
    calls = ""
    for piece in text.split("<|start|>"):
        head, mark, body = piece.partition(MESSAGE)
        if not mark:
            continue
        kept = 0 if last else max(overlap(body, end) for end in (*_ENDS, "<|start|>"))
        body = body[: len(body) - kept]
        for end in _ENDS:
            body = body.partition(end)[0]
        if "to=" in head:
            calls += f"{head}{MESSAGE}{body}<|call|>"
        else:
            parts["analysis" not in head].append(body)
    return ["\n".join(part) for part in parts], calls


def _after_calls(text: str) -> str:
    """What is said after the last call, where the family marks its end."""
    ends = [at + len(mark) for mark in CALLS_END if (at := text.rfind(mark)) >= 0]
    return text[max(ends) :].strip() if ends else ""


class ReplyReader:
    """Splits an answer whose tokens and text come one by one.

    Marks that the text does not show are read from the ids: from the first on, the text is decoded
    with its special tokens.
    """

    def __init__(
        self, tokenizer: Tokenizer, marks: Marks, prompt: Sequence[int], finder: Finder
    ) -> None:
        self._tokenizer = tokenizer
        self._finder = finder
        self._hidden = marks.hidden
        self._decoder: StreamDecoder | None = None
        thinking = opens_thought(tokenizer, marks, prompt)
        self._splitter: Splitter = (
            ChannelSplitter()
            if marks.channels
            else TagSplitter(marks.thought, marks.calls, thinking=thinking)
        )

    def whole(self, ids: Sequence[int], text: str) -> Parts:
        """The parts of a whole answer."""
        if not self._hidden.isdisjoint(ids):
            text = self._tokenizer.decode(list(ids), skip_special_tokens=False)
        return self._splitter.end(text)

    def called(self) -> tuple[tuple[ToolCall, ...], str]:
        """The calls of a reply that has ended, and what is content since it cannot be read so."""
        if not self._splitter.calls:
            return (), ""
        from intab.engine.replies.calls import read_calls  # few replies have any

        written = self._splitter.calls
        calls = read_calls(written)
        rest = _after_calls(written) if calls else written
        return calls, self._splitter.gap + rest if rest else ""

    def push(self, text: str, token: int | None, *, last: bool) -> Parts:
        """The parts that are certain with a token and the text that it completes."""
        if self._decoder is None and token in self._hidden:
            self._decoder = StreamDecoder(self._tokenizer, skip_special_tokens=False)
        if self._decoder is not None:
            text = self._decoder.push(token) if token is not None else ""
            text += self._decoder.flush() if last else ""
            text, _ = self._finder.push(text, last=last)
        return self._splitter.end(text) if last else self._splitter.push(text)


def begin_reply(
    tokenizer: Tokenizer, prompt: Sequence[int], skips_special: bool, finder: Finder
) -> ReplyReader | None:
    """A reader of the answer to a prompt, whose text has its special tokens or not; None for a
    family without marks."""
    marks = marks_of(tokenizer)
    if marks is None:
        return None
    hidden = marks.hidden if skips_special else frozenset()
    return ReplyReader(tokenizer, replace(marks, hidden=hidden), prompt, finder)
