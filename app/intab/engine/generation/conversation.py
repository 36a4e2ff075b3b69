"""What a chat is made of: what speaks, what is kept of it, how an answer becomes a message."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from intab.engine.generation.batch import Job
from intab.engine.generation.streamer import TextChunk, join
from intab.engine.replies.messages import Message, bare_calls, count_calls, spoken
from intab.engine.runtime.decoder import Session
from intab.engine.text.assets import Texts


@dataclass(frozen=True)
class Speaker:
    """What a conversation needs of its model.

    job: checked options and the ids of (messages, options, names for the chat template).
    session: a new, empty session; ModelClosedError if the model was closed.
    stream: the answer to a job, in a session that may have the beginning of its prompt.
    as_written: the text of ids with all their marks, for a chat template that does not write calls
        itself (LFM2's); None for those that do.
    """

    job: Callable[[Sequence[Mapping[str, Any]], Mapping[str, Any], Mapping[str, Any]], Job]
    session: Callable[[], Session]
    stream: Callable[[Session, Job], AsyncGenerator[TextChunk]]
    as_written: Callable[[Sequence[int]], str] | None = None


@dataclass(frozen=True)
class Snapshot:
    """A conversation as it was, for `Chat.restore`.

    Attributes:
        messages: all that was said.
        session, ids: the computed tokens; None and () if there are none.
    """

    messages: Sequence[Message]
    session: Session | None
    ids: Sequence[int]

    def __repr__(self) -> str:
        return f"<intab.Snapshot of {len(self.messages)} messages, {len(self.ids)} tokens>"

    def close(self) -> None:
        """Give its memory back; it cannot be restored after."""
        if self.session:
            self.session.close()


def as_written(texts: Texts, context: Mapping[str, Any]) -> Callable[[Sequence[int]], str] | None:
    """`Speaker.as_written` for a model's chat templates, or the one that the context has."""
    if "tool_calls" in (context.get("chat_template") or "".join(texts.chat_templates.values())):
        return None
    return lambda ids: texts.tokenizer.decode(list(ids), skip_special_tokens=False)


def with_calls(chunks: Sequence[TextChunk], tools: Any) -> TextChunk:
    """The last chunk of an answer, with calls that the family does not mark if there are tools."""
    last = chunks[-1]
    if last.tool_calls or not tools:
        return last
    return replace(last, tool_calls=bare_calls("".join(chunk.text for chunk in chunks)))


def close_answer(
    answer: Message,
    chunks: Sequence[TextChunk],
    messages: Sequence[Message],
    written: Callable[[Sequence[int]], str] | None,
) -> None:
    """Put calls and thoughts of a message that ended where templates look for them."""
    whole = join(chunks)
    begun = answer["content"].removesuffix(whole.text)
    first = count_calls(messages)
    found = spoken(whole.text, whole.thinking, whole.content, whole.tool_calls, first)
    if whole.tool_calls and written:
        ids = whole.ids[:-1] if whole.finish_reason == "eos" else whole.ids
        found = {"content": written(ids), "tool_calls": found["tool_calls"]}
    if found:
        answer.update({**found, "content": begun + found["content"]})


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids both begin with."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
