"""A prompt that is longer than the context, cut if the options ask for it.

Text is cut at one side, token by token; a chat loses its oldest messages whole, so that what is
left is still a chat: system messages stay, and it begins again with a message of the user.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from intab.engine.text import chat_template as chat
from intab.errors import ContextLengthError, OptionError

Encode = Callable[[Sequence[chat.Message]], list[int]]


def room_for_answer(prompt: int, context: int) -> int:
    """How many tokens fit behind a prompt of so many; ContextLengthError if it is none."""
    if context - prompt < 1:
        raise ContextLengthError(
            f"The prompt has {prompt:,} tokens, the model's context is {context:,} and one is "
            "needed for the answer: shorten the prompt or pass truncation=True."
        )
    return context - prompt


def room_for_prompt(context: int, new_tokens: int) -> int:
    """Tokens that a cut prompt may have: as many new ones as asked for fit, up to half of all."""
    return max(context - new_tokens, context // 2)


def cut_ids(ids: list[int], room: int, side: str, first: Sequence[int]) -> list[int]:
    """`room` of the ids; what the tokenizer puts `first` in a text stays first."""
    if side == "right":
        return ids[:room]
    kept = [*first] if ids[: len(first)] == [*first] and len(first) < room else []
    return [*kept, *ids[len(ids) - room + len(kept) :]]


def cut_chat(messages: Sequence[chat.Message], room: int, side: str, encode: Encode) -> list[int]:
    """The ids of the newest messages that fit, with the system's."""
    if side == "right":
        raise OptionError(
            'truncation_side="right" would cut the newest messages of a chat: use "left".'
        )
    pinned = [message for message in messages if message.get("role") == "system"]
    rest = [message for message in messages if message.get("role") != "system"]
    starts = [i for i, message in enumerate(rest) if message.get("role") == "user"]
    for start in starts:
        if len(ids := encode([*pinned, *rest[start:]])) <= room:
            return ids
    raise ContextLengthError(
        f"Even the newest message is longer than the {room:,} tokens there are for a prompt: "
        "shorten it."
    )
