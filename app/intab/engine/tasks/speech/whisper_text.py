"""What Whisper wrote about a sound, in one window or several, becomes text, segments and words.

A port of `_decode_asr` of transformers 5.24, whose windows share their ends with their neighbours:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/whisper/tokenization_whisper.py
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from intab.engine.tasks.speech.languages import LANGUAGES
from intab.engine.tasks.speech.overlaps import Time, merge
from intab.engine.tasks.speech.words import words_of
from intab.engine.text.tokenizer import Tokenizer

_TIME = re.compile(r"<\|\d+\.\d+\|>")
_WINDOW = 1500  # places of the encoder, as there, whatever the model has
Seconds = tuple[float, float, float]  # of a window, and of its context on both sides


@dataclass(frozen=True)
class Output:
    """The tokens of one window; times of tokens if words are wanted; its stride if there is one."""

    tokens: Sequence[int]
    times: Sequence[float] = ()
    stride: Seconds | None = None


@dataclass
class Chunk:
    """A segment of the text."""

    language: str | None
    begin: float | None = None
    end: float | None = None
    text: str = ""
    words: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Pending:
    """Tokens, and times, that are not yet part of a segment."""

    tokens: list[int] = field(default_factory=list)
    times: list[Time] = field(default_factory=list)


class Transcript:
    """Takes the windows' outputs in order, a window's whole or bit by bit, and gives the answer, at
    any time: what was written so far."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        times: bool | str | None,
        language: bool,
        first_time: int,
        step: float,
    ) -> None:
        self._tokenizer = tokenizer
        self._timed, self._words, self._language = bool(times), times == "word", language
        self._first, self._step = first_time, step
        self._named: str | None = None
        self._chunks: list[Chunk] = []
        self._chunk = Chunk(None)
        self._before: list[Pending] = []
        self._current = Pending()
        self._clock = _Clock(first_time, step)
        self._tokens: list[int] = []  # of the window that is open
        self._until = 0.0  # where its last token with a time of its own begins
        self._offset = 0.0
        self._skip = False

    def take(self, output: Output) -> None:
        """A window's output, whole, before its `end`."""
        if output.stride:
            self._offset -= output.stride[1]
        self.add(output)
        if output.stride:
            self._offset += output.stride[0] - output.stride[2]

    def add(self, output: Output) -> None:
        """What follows in the window that is open."""
        earliest, latest = float(self._first), None
        if output.stride:
            length, left, right = output.stride
            if left:
                earliest = left / self._step + self._first
            latest = self._latest(output.tokens, length - right) if right else None
        for at, token in enumerate(output.tokens):
            self._tokens.append(token)
            if self._tokenizer.is_special(token):
                self._name(token)
            elif token >= self._first:
                time = self._clock.read(self._tokens) + self._offset
                self._time(token, round(time, 2), earliest, latest)
            else:
                self._current.tokens.append(token)
                if self._words:
                    self._current.times.append(self._span(output.times[at]))
            if output.times:
                self._until = output.times[at]

    def end(self) -> None:
        """The window is over; what follows is of the next."""
        if self._current.tokens:
            self._before.append(self._current)
        elif not any(one.tokens for one in self._before):
            self._chunk, self._before = Chunk(self._named), []
        self._current, self._clock = Pending(), _Clock(self._first, self._step)
        self._tokens, self._until = [], 0.0

    def _latest(self, tokens: Sequence[int], begin: float) -> int | None:
        """The first time in the context on the right, which belongs to the next window too."""
        latest = None
        for token in reversed(tokens):
            if token >= self._first:
                if latest is not None and (token - self._first) * self._step < begin:
                    break
                latest = token
        return latest

    def _span(self, end: float) -> Time:
        return round(self._until + self._offset, 2), round(end + self._offset, 2)

    def _name(self, token: int) -> None:
        """A token of a language names it; another one without times begins a new chunk."""
        text = self._tokenizer.decode([token], skip_special_tokens=False)
        language = LANGUAGES.get(text[2:-2])
        if language is None:
            return
        if self._named and language != self._named and not self._timed:
            self._close()
        self._chunk.language = self._named = language

    def _time(self, token: int, time: float, earliest: float, latest: int | None) -> None:
        """A token of time begins a chunk or ends it, unless a neighbour's window decides that."""
        if latest and token >= latest:
            self._skip = True
        elif self._skip or (self._before and token < earliest):
            self._skip = False
        elif self._chunk.begin is None:
            self._chunk.begin = time
        elif time != self._chunk.begin:
            self._chunk.end = time
            self._close()

    def _close(self) -> None:
        self._chunks.append(self._whole([*self._before, self._current]))
        self._chunk, self._before, self._current = Chunk(self._named), [], Pending()

    def _whole(self, parts: Sequence[Pending]) -> Chunk:
        """The chunk that is open, with the text of these parts."""
        tokens, times = merge(
            [one.tokens for one in parts], [one.times for one in parts] if self._words else ()
        )
        words = self._timed_words(tokens, times) if self._words else []
        return replace(self._chunk, text=self._decode(tokens), words=words)

    def _timed_words(self, tokens: Sequence[int], times: Sequence[Time]) -> list[dict[str, Any]]:
        special = self._tokenizer.special_id("eos_token")
        special = self._first if special is None else special
        more = {"language": self._named} if self._language else {}
        return [
            {
                "text": word.text,
                "timestamp": (times[word.places[0]][0], times[word.places[-1]][1]),
                **more,
            }
            for word in words_of(tokens, self._named, self._decode, special)
        ]

    def _decode(self, tokens: Sequence[int]) -> str:
        text = self._tokenizer.decode(tokens, skip_special_tokens=False)
        return _TIME.sub("", text)

    def answer(self) -> dict[str, Any]:
        """The text so far, with "chunks" if times or languages are wanted."""
        parts = [*self._before, *([self._current] if self._current.tokens else [])]
        chunks = [*self._chunks, *([self._whole(parts)] if parts else [])]
        found: dict[str, Any] = {"text": "".join(chunk.text for chunk in chunks)}
        if self._words:
            found["chunks"] = [word for chunk in chunks for word in chunk.words]
        elif self._timed or self._language:
            found["chunks"] = [self._record(chunk) for chunk in chunks]
        return found

    def _record(self, chunk: Chunk) -> dict[str, Any]:
        told: dict[str, Any] = {"language": chunk.language} if self._language else {}
        if self._timed:
            told["timestamp"] = (chunk.begin, chunk.end)
        return {**told, "text": chunk.text}


class _Clock:
    """Tokens of time of a long sound, which begin again at 0 with each piece, as seconds."""

    def __init__(self, first: int, step: float) -> None:
        self._first, self._step = first, step
        self._latest = self._one_before = self._passed = 0.0

    def read(self, tokens: Sequence[int]) -> float:
        """The seconds of the last token."""
        time = (tokens[-1] - self._first) * self._step
        if time < self._latest:  # the next piece has begun
            pair = all(token >= self._first for token in tokens[-3:-1])
            if len(tokens) > 2 and not pair:
                self._passed += self._step * _WINDOW
            else:
                self._latest = self._one_before
                self._passed += self._one_before
        self._one_before, self._latest = self._latest, time
        return time + self._passed
