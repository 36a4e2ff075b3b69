"""The marks that families of models put around thoughts and calls, found in a tokenizer.

    marks_of(tokenizer)    ->   Marks(thought=("<think>", "</think>"), calls=("<tool_call>",), ...)

A family's marks are tokens of their own; a model without any has replies that are content alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from intab.engine.text.tokenizer import Tokenizer

THOUGHTS = (
    ("<think>", "</think>"),
    ("[THINK]", "[/THINK]"),
    ("<|channel>thought\n", "<channel|>"),  # Gemma 4
)
_AFTER = "thought\n"  # of a mark, what is no part of its token
CHANNEL, MESSAGE = "<|channel|>", "<|message|>"
CALLS = (
    "<tool_call>",  # Hermes, Qwen, SmolLM3, Granite 4
    "[TOOL_CALLS]",  # Mistral
    "<|python_tag|>",  # Llama 3
    "<|tool_call|>",  # Phi-4, Granite 3
    "<\uff5ctool▁calls▁begin\uff5c>",  # DeepSeek
    "<|tool_call_start|>",  # LFM2
    "<|tool_call>",  # Gemma 4
    "<start_function_call>",  # FunctionGemma
    "<code>",  # SmolLM3 with python_tools
)
CALLS_END = (
    "</tool_call>",
    "<|/tool_call|>",
    "<\uff5ctool▁calls▁end\uff5c>",
    "<|tool_call_end|>",
    "<tool_call|>",
    "<end_function_call>",
    "</code>",
)
_TAIL = 8  # ids of a prompt in which a thought may just have been opened


@dataclass(frozen=True)
class Marks:
    """Attributes:
    thought: what opens and what closes a thought; None if the family marks none.
    calls: what opens calls.
    channels: whether replies have channels (gpt-oss).
    hidden: ids of those that a text does not show.
    """

    thought: tuple[str, str] | None
    calls: tuple[str, ...]
    channels: bool
    hidden: frozenset[int]


_known: WeakKeyDictionary[Tokenizer, Marks | None] = WeakKeyDictionary()


def marks_of(tokenizer: Tokenizer) -> Marks | None:
    """Those of a tokenizer, None if it has none."""
    if tokenizer not in _known:
        _known[tokenizer] = _found(tokenizer)
    return _known[tokenizer]


def _found(tokenizer: Tokenizer) -> Marks | None:
    ids = {
        mark: tokenizer.token_id(token_of(mark))
        for mark in (CHANNEL, *CALLS, *(mark for pair in THOUGHTS for mark in pair))
    }
    pairs = (pair for pair in THOUGHTS if ids[pair[0]] is not None and ids[pair[1]] is not None)
    calls = tuple(mark for mark in CALLS if ids[mark] is not None)
    hidden = {number for number in ids.values() if number is not None}
    if not hidden:
        return None
    shown = {number for number in hidden if not tokenizer.is_special(number)}
    channels = ids[CHANNEL] is not None
    return Marks(next(pairs, None), calls, channels, frozenset(hidden - shown))


def token_of(mark: str) -> str:
    """The token that a mark begins with."""
    return mark.removesuffix(_AFTER)


def opens_thought(tokenizer: Tokenizer, marks: Marks, prompt: Sequence[int]) -> bool:
    """Whether a prompt ends in a thought that it opened, as templates of DeepSeek do."""
    if marks.thought is None:
        return False
    tail = tokenizer.decode(list(prompt[-_TAIL:]), skip_special_tokens=False)
    return tail.rstrip().endswith(marks.thought[0].rstrip())
