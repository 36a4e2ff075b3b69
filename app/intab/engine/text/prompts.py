"""What may be a prompt: a text, a list of messages, or the ids themselves, alone or several.

>>> is_batch([[1, 2, 3]]), is_batch([1, 2, 3]), is_ids([1, 2, 3])
(True, False, True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from intab.engine.text.chat_template import Message
from intab.errors import PromptError

Ids = Sequence[int] | NDArray[np.integer[Any]]
Prompt = str | Sequence[Message] | Ids


def is_batch(prompt: object) -> TypeGuard[Sequence[Prompt]]:
    """Whether this is several prompts: a list of texts, of lists of messages or of lists of ids,
    or an array of rows of ids. A list of messages (dicts) or of ids is one prompt.
    """
    if isinstance(prompt, np.ndarray):
        return prompt.ndim == 2 and len(prompt) > 0
    if not isinstance(prompt, (list, tuple)) or not prompt:
        return False
    return not is_ids(prompt) and not any(isinstance(item, Mapping) for item in prompt)


def is_ids(prompt: object) -> TypeGuard[Ids]:
    """Whether this is one prompt in ids: an array, or a list that begins with a number."""
    if isinstance(prompt, np.ndarray):
        return True
    return isinstance(prompt, (list, tuple)) and bool(prompt) and isinstance(prompt[0], _NUMBERS)


_NUMBERS = (int, float, complex, np.number, np.bool_)


def plain_ids(prompt: Ids) -> list[int]:
    """The ids as a list of int; PromptError for other numbers, or an array of another shape."""
    if isinstance(prompt, np.ndarray):
        if prompt.ndim != 1:
            raise PromptError(
                f"An array of ids has one row for each prompt or is one row, not {prompt.ndim} "
                "dimensions."
            )
        prompt = prompt.tolist()
    for token in prompt:
        if isinstance(token, (bool, np.bool_)) or not hasattr(token, "__index__"):
            raise PromptError(f"A prompt in ids has whole numbers alone, not {token!r}.")
    return [int(token) for token in prompt]


def check_range(ids: Sequence[int], vocabulary: int) -> None:
    """PromptError for an id that the model does not have."""
    for token in (min(ids), max(ids)):
        if not 0 <= token < vocabulary:
            raise PromptError(
                f"The prompt has the token id {token}, but the model's ids are 0 to "
                f"{vocabulary - 1}: give others, or a text."
            )
