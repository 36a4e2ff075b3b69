"""What was said as messages, and an answer as the message that stands for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from copy import deepcopy
from typing import Any

from intab.engine.replies.marks import THOUGHTS
from intab.engine.replies.results import ToolCall
from intab.errors import PromptError

Message = MutableMapping[str, Any]
Said = str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
# A whole reply of families that mark no calls, or not in a text.
_BARE = re.compile(r"\s*(functools\[|[\[{]|<function=|>>>|[\w.-]+\n{)")


def as_messages(said: Said) -> list[Message]:
    """Words or messages as a list of messages; PromptError for anything else."""
    if said is None:
        return []
    if isinstance(said, str):
        return [{"role": "user", "content": said}]
    several = [said] if isinstance(said, Mapping) else said
    if not isinstance(several, Sequence) or not all(isinstance(one, Mapping) for one in several):
        raise PromptError(f"Say a string, a message or a list of messages, not {said!r}.")
    return [dict(deepcopy(one)) for one in several]


def is_open(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an answer goes on with the last message instead of beginning one."""
    last = messages[-1] if messages else {}
    if last.get("role") != "assistant" or last.get("tool_calls"):
        return False
    if not isinstance(last.get("content"), str):
        raise PromptError("The last message is the assistant's and no text to go on with.")
    return True


def bare_calls(text: str) -> tuple[ToolCall, ...]:
    """The calls of a reply that is calls as a whole, without a mark."""
    if not _BARE.match(text):
        return ()
    from intab.engine.replies.calls import read_calls  # few replies have any

    return read_calls(text.strip())


def spoken(
    text: str, thinking: str, content: str, calls: Sequence[ToolCall], first: int
) -> dict[str, Any]:
    """What replaces the text of a message: its content, thoughts and calls, the first of which has
    that number. Nothing does where the text is what a template wants: without calls, and with the
    marks of its thoughts, which the template itself leaves out later or not."""
    if not calls and (not thinking or any(close in text for _, close in THOUGHTS)):
        return {}
    found: dict[str, Any] = {"content": content}
    if thinking:
        found["reasoning_content"] = thinking
    if calls:
        found["tool_calls"] = [call.message(number) for number, call in enumerate(calls, first)]
    return found


def count_calls(messages: Sequence[Mapping[str, Any]]) -> int:
    """How many calls stand in messages, which is the number of the next one."""
    return sum(len(message.get("tool_calls") or ()) for message in messages)
