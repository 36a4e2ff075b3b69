"""`Transcription`: what was written down of a sound so far.

async for so_far in pipe.stream("an hour.wav", return_timestamps=True):
    print(so_far.heard, so_far.text)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Transcription:
    """What was written down of a sound so far; `str()` of it is the text.

    Attributes:
        text: all of it, from the beginning of the sound.
        chunks: with their times, as in a call's answer; None if none were asked for.
        heard, seconds: how much of the sound was listened to, and how long it is by now.
        partial: whether more is to come, or would have come; the end of the text may still change.
            Of a microphone: whether it ends within a phrase.
    """

    text: str
    chunks: list[dict[str, Any]] | None
    heard: float
    seconds: float
    partial: bool

    def __str__(self) -> str:
        return self.text
