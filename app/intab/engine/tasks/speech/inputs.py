"""Sounds as callers give them become samples at the model's rate.

    heard = await hear(files, {"raw": samples, "sampling_rate": 44100}, 16000)

A path, the bytes of a file, an array (at the model's rate already), or a dict of an array and its
rate, as transformers' pipelines take them. WAV is read here; other files are decoded by the
platform, at their own rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from intab.engine.media.resampling import check_rate, resample
from intab.engine.media.sound import Samples, Sound, as_mono
from intab.engine.media.sound_files import SoundFile, is_wav, look_at
from intab.engine.media.wav import read_wav
from intab.errors import PromptError

_KNOWN = ("raw", "array", "sampling_rate", "stride", "path")


class Files(Protocol):
    """What a platform knows of files."""

    async def read_file(self, path: str) -> bytes:
        """All of it; PromptError if it cannot be read."""

    async def decode_sound(self, data: bytes, file: SoundFile) -> Sound:
        """The sound of a file that is no WAV, at its own rate if that is known; PromptError if it
        cannot be decoded, DeviceError if nothing here decodes sound."""


@dataclass(frozen=True)
class Heard:
    """Samples [length] at the model's rate.

    stride: so many samples at the beginning and at the end are there for context alone.
    extra: what else a dict had, which comes back in the answer.
    """

    samples: Samples
    stride: tuple[int, int] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


async def hear(files: Files, item: Any, rate: int) -> Heard:
    """One input; PromptError says what it should be."""
    path = getattr(item, "__fspath__", None)
    if isinstance(item, str) or path is not None:
        item = await files.read_file(item if path is None else str(path()))
    if isinstance(item, (bytes, bytearray, memoryview)):
        sound = await _decoded(files, bytes(item))
        return Heard(_at(sound.mono, sound.rate, rate))
    if isinstance(item, np.ndarray):
        return Heard(as_mono(item))
    if isinstance(item, Mapping):
        return _of_dict(item, rate)
    raise PromptError(
        "A sound must be a path, the bytes of a file, a numpy array, or "
        f'{{"raw": array, "sampling_rate": number}}, not {type(item).__name__}.'
    )


async def _decoded(files: Files, data: bytes) -> Sound:
    file = look_at(data)
    if not file.kind or is_wav(data):
        return read_wav(data)
    sound = await files.decode_sound(data, file)
    if not sound.samples.size:
        raise PromptError(f"The {file.kind} file has no sound in it: record it again.")
    return sound


def _at(samples: Samples, rate: int, wanted: int) -> Samples:
    check_rate(rate)
    return resample(samples, int(rate), wanted)


def _of_dict(item: Mapping[str, Any], rate: int) -> Heard:
    given = item.get("raw")
    given = item.get("array") if given is None else given
    if not isinstance(given, np.ndarray) or "sampling_rate" not in item:
        raise PromptError(
            'A sound as a dict needs "raw", a numpy array, and "sampling_rate", how many samples '
            "a second it has."
        )
    samples = _at(as_mono(given), item["sampling_rate"], rate)
    extra = {name: value for name, value in item.items() if name not in _KNOWN}
    stride = item.get("stride")
    if stride is None:
        return Heard(samples, None, extra)
    return Heard(samples, _stride(stride, rate / item["sampling_rate"], len(samples)), extra)


def _stride(stride: Any, ratio: float, length: int) -> tuple[int, int]:
    two = isinstance(stride, (tuple, list)) and len(stride) == 2
    if not two or not all(isinstance(n, int) and n >= 0 for n in stride):
        raise PromptError(f"stride must be two numbers of samples, not {stride!r}.")
    if sum(stride) > length:
        raise PromptError(
            f"The stride {tuple(stride)} is longer than the sound, which has {length:,} samples."
        )
    left, right = (round(n * ratio) for n in stride)
    return left, right
