"""Whatever a caller passes, as plain JSON types: all that a template is ever shown.

    >>> plain({"role": Role.USER, "content": [{"image": picture}]})
    {'role': 'user', 'content': [{'image': '<Image>'}]}

Richer objects have methods that a sandbox cannot judge. As transformers' `_plain_template_data`:
https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

# The plain value of a subclass's instance, whatever the subclass's own methods say.
_SCALARS: dict[type, Any] = {str: str.__str__, int: int.__int__, float: float.__float__}


def plain(value: Any) -> Any:
    """A copy of `value` in None, str, int, float, bool, list, tuple and dict."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    for kind, own in _SCALARS.items():
        if isinstance(value, kind):  # an enumeration's member, or the like
            return own(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(plain(item) for item in value)
    return _plain_object(value)


def _plain_object(value: Any) -> Any:
    """A dataclass or a pydantic model as a dict; anything else as its type's name."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name)) for name in names}
    if callable(dump := getattr(value, "model_dump", None)):
        return plain(dump())
    return f"<{type(value).__name__}>"
