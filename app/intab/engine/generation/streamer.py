"""An answer as it is written: tokens go in, the text they complete comes out, until it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from intab.engine.constrain.constraint import Constraint, load_answer
from intab.engine.generation.logprobs import TokenLogprob, token_logprob
from intab.engine.generation.metrics import Meter, Metrics
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.sampling import log_softmax
from intab.engine.generation.sequence_state import Step
from intab.engine.generation.stop_strings import StopFinder, StoppedText
from intab.engine.replies.results import ToolCall, ToolResult
from intab.engine.replies.splitting import Parts, begin_reply
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import RunError


@dataclass(frozen=True)
class TextChunk:
    """A piece of an answer; `str()` of it is the text.

    Attributes:
        text: whole characters; "" if no text is complete yet.
        ids: the ids it took.
        finish_reason: None but for the last chunk: "eos" (an end token), "stop" (a stop string;
            neither is part of the text; or the end of a grammar), "length" or "time".
        metrics: the figures, in the last chunk.
        logprobs: one entry an id if the option logprobs asked for them.
        constraint: what the answer was held to, in the last chunk; None for nothing.
        parts: what more was thought and said, if the family marks that; `thinking`, `content`.
        tool_calls: the calls that the answer asks for, in the last chunk. Nothing was called.
    """

    text: str
    ids: tuple[int, ...]
    finish_reason: str | None = None
    metrics: Metrics | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    constraint: Constraint | None = None
    parts: Parts | None = None
    tool_calls: tuple[ToolCall, ...] = ()

    def __str__(self) -> str:
        return self.text

    @property
    def thinking(self) -> str:
        """What more was thought, without its marks."""
        return self.parts[0] if self.parts else ""

    @property
    def content(self) -> str:
        """What more was said: the text without thoughts and calls of tools."""
        return self.parts[1] if self.parts else self.text


@dataclass(frozen=True)
class Generation:
    """A whole answer; `str()` of it is the text.

    Attributes:
        text: without what ended it.
        ids: the ids of the answer.
        finish_reason: "eos", "stop", "length" or "time", as in `TextChunk`.
        metrics: the figures.
        logprobs: one entry an id if the option logprobs asked for them.
        score: of a beam search, the sum of the log-probabilities by the length to the power of
            length_penalty; None of anything else.
        constraint: what the answer was held to; None for nothing.
        parts: what was thought and said, if the family marks that; see `thinking`, `content`.
        tool_calls: the calls that the answer asks for. Nothing was called.
        tool_results: what came of all calls, of an answer of `Chat.run`.
    """

    text: str
    ids: tuple[int, ...]
    finish_reason: str
    metrics: Metrics
    logprobs: tuple[TokenLogprob, ...] | None = None
    score: float | None = None
    constraint: Constraint | None = None
    parts: Parts | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()

    def __str__(self) -> str:
        return self.text

    @property
    def thinking(self) -> str:
        """What was thought, without its marks; "" if nothing was."""
        return self.parts[0] if self.parts else ""

    @property
    def content(self) -> str:
        """What was said: the text without thoughts and calls of tools."""
        if self.parts is None:
            return "" if self.tool_calls else self.text
        return self.parts[1] if self.parts[1] != self.text or not self.tool_calls else ""

    def json(self) -> Any:
        """Read the answer as JSON.

        Returns:
            Its value.

        Raises:
            RunError: it is no JSON, such as one that max_new_tokens cut.
        """
        return load_answer(self.text)

    @property
    def parsed(self) -> Any:
        """The answer as what was asked for: the value of its JSON, an object of the class that
        json_schema was, or the text. RunError as for `json`."""
        return self.constraint.parse(self.text) if self.constraint else self.text


class Writer:
    """Writes one answer from its steps; `ended` once a token was its last, or a stop string came.

    It looks on, and changes no token.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        options: GenerationOptions,
        meter: Meter,
        prompt: Sequence[int] = (),
    ) -> None:
        self.ended = False
        self._tokenizer = tokenizer
        self._options = options
        self._meter = meter
        self._text = StoppedText(tokenizer, options.stop, options.skip_special_tokens, prompt)
        self._reply = begin_reply(
            tokenizer, prompt, options.skip_special_tokens, StopFinder(options.stop)
        )
        self._ids: list[int] = []  # those whose text is still held
        self._logprobs: list[TokenLogprob] = []

    def push(self, step: Step) -> TextChunk | None:
        """The chunk that a step completes; None while its text may still change."""
        self._meter.token()
        self._ids.append(step.token)
        if self._options.logprobs:
            row, top = log_softmax(step.row), self._options.top_logprobs
            self._logprobs.append(token_logprob(self._tokenizer, step.token, row, top))
        unseen = step.end == "eos" and self._options.skip_special_tokens
        shown = None if unseen else step.token
        text, stopped = self._text.push(shown, last=step.end is not None)
        reason = "stop" if stopped else step.end
        text = whole_characters(text, reason, self._options)
        self.ended = reason is not None
        parts = self._parts(text, shown)
        return self._chunk(text, reason, parts) if text or reason or any(parts or ()) else None

    def _parts(self, text: str, token: int | None) -> Parts | None:
        if self._reply is None:
            return None
        return self._reply.push(text, token, last=self.ended)

    def _chunk(self, text: str, reason: str | None, parts: Parts | None) -> TextChunk:
        logprobs = tuple(self._logprobs) if self._options.logprobs else None
        constraint = self._options.constraint if reason else None
        calls: tuple[ToolCall, ...] = ()
        if reason and self._reply and parts:
            calls, rest = self._reply.called()
            parts = (parts[0], parts[1] + rest)
        end = self._end(reason)
        chunk = TextChunk(text, tuple(self._ids), reason, end, logprobs, constraint, parts, calls)
        self._ids.clear()
        self._logprobs.clear()
        return chunk

    def _end(self, reason: str | None) -> Metrics | None:
        if reason is None:
            return None
        self._meter.report()
        return self._meter.metrics()


def join(parts: Sequence[TextChunk]) -> Generation:
    """The chunks of one answer as a whole; RunError if the last of them is missing."""
    last = parts[-1]
    if last.finish_reason is None or last.metrics is None:
        raise RunError("The stream ended before its last chunk.")
    return Generation(
        "".join(part.text for part in parts),
        tuple(token for part in parts for token in part.ids),
        last.finish_reason,
        last.metrics,
        tuple(one for part in parts for one in part.logprobs or ())
        if last.logprobs is not None
        else None,
        constraint=last.constraint,
        parts=_joined(parts),
        tool_calls=last.tool_calls,
    )


def _joined(chunks: Sequence[TextChunk]) -> Parts | None:
    if chunks[-1].parts is None:
        return None
    return "".join(one.thinking for one in chunks), "".join(one.content for one in chunks)


def whole_characters(text: str, reason: str | None, options: GenerationOptions) -> str:
    """The last text of an answer, without the part of a character that it was cut in if it is held
    to a grammar: what there is of the answer is the beginning of a right one."""
    cut = reason in ("length", "time") and options.constraint
    return text.rstrip("\ufffd") if cut else text
