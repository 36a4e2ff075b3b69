"""Windows of a long sound that overlap: `chunk_length_s` and `stride_length_s`.

Lengths and roundings are those of `chunk_iter` in transformers' speech pipeline:
https://github.com/huggingface/transformers/blob/main/src/transformers/pipelines/automatic_speech_recognition.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from intab.engine.media.sound import Samples
from intab.errors import OptionError

OPTIONS = ("chunk_length_s", "stride_length_s")
Stride = tuple[int, int, int]  # samples of a window, and of its context on the left and the right


@dataclass(frozen=True)
class Windows:
    """Samples of a window, and of the context on its left and its right."""

    length: int
    left: int
    right: int


def read_windows(options: Mapping[str, Any], rate: int, step: int = 1) -> Windows | None:
    """The windows that a call asks for, None for none; lengths are multiples of `step` samples.
    OptionError."""
    seconds = options.get("chunk_length_s")
    stride = options.get("stride_length_s")
    if seconds is None or seconds == 0:
        if stride is not None:
            raise OptionError("stride_length_s has no effect without chunk_length_s: pass both.")
        return None
    length = _seconds("chunk_length_s", seconds)
    if stride is None:
        stride = length / 6
    both = stride if isinstance(stride, (list, tuple)) else (stride, stride)
    if len(both) != 2:
        raise OptionError(
            f"stride_length_s must be a number of seconds or two of them, not {stride!r}."
        )
    sides = (length, *(_seconds("stride_length_s", side) for side in both))
    size, left, right = (round(side * rate / step) * step for side in sides)
    if size <= left + right:
        raise OptionError(
            f"chunk_length_s ({length:g}) must be more than the strides on both sides "
            f"({sides[1]:g} and {sides[2]:g} seconds) together."
        )
    return Windows(size, left, right)


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
        raise OptionError(f"{name} must be a number of seconds, 0 or more, not {value!r}.")
    return float(value)


def cut(samples: Samples, windows: Windows) -> Iterator[tuple[Samples, Stride]]:
    """The windows of a sound, each with its stride."""
    step = windows.length - windows.left - windows.right
    for start in range(0, max(len(samples), 1), step):
        part = samples[start : start + windows.length]
        last = start + windows.length >= len(samples)
        left = windows.left if start else 0
        if len(part) > left or not start:
            yield part, (len(part), left, 0 if last else windows.right)
        if last:
            break
