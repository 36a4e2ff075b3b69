"""Reads WAV files: integers of 8, 16, 24 and 32 bits, floats of 32 and 64, any number of channels.

    >>> sound = read_wav(data)
    >>> sound.samples.shape, sound.rate
    ((2, 88200), 44100)

The form: RIFF chunks, of which "fmt " says what the bytes of "data" are
(http://www-mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html). RF64 is the same for files
above 4 GB. Integers are divided by what their lowest one is, as ffmpeg and libsndfile do.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.sound import Sound
from intab.engine.media.sound_files import look_at
from intab.errors import PromptError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
_CODINGS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 49: "GSM", 85: "MP3"}
_OPEN = (0xFFFFFFFF, 0x7FFFFFFF)  # sizes of those who wrote before they knew them
CONVERT = "convert it, such as by `ffmpeg -i FILE -c:a pcm_s16le sound.wav`"


@dataclass(frozen=True)
class Format:
    """What the samples are: a coding, how many channels, samples a second, bytes of each."""

    coding: int
    channels: int
    rate: int
    width: int


def read_wav(data: bytes | bytearray | memoryview) -> Sound:
    """All of a file; PromptError if it is no WAV, is cut, has no samples or a coding of others."""
    view = memoryview(data).cast("B")
    wide = bytes(view[:4]) == b"RF64"
    if (not wide and bytes(view[:4]) != b"RIFF") or bytes(view[8:12]) != b"WAVE":
        raise PromptError(f"The sound is no WAV file{_what_else(bytes(view[:12]))}: {CONVERT}.")
    found, size, at = None, None, 12
    while at + 8 <= len(view):
        name, length = struct.unpack_from("<4sI", view, at)
        at += 8
        if name == b"ds64" and length >= 16:
            size = int(struct.unpack_from("<Q", _part(view, at, 16), 8)[0])
        elif name == b"fmt ":
            found = _format(_part(view, at, length))
        elif name == b"data":
            if found is None:
                raise PromptError('The WAV file has no "fmt " before its samples: write it again.')
            length = size if wide and size is not None else length
            return _sound(_samples(view, at, length), found)
        at += length + length % 2
    raise PromptError("The WAV file ends before its samples begin: it is cut, so get it again.")


def _what_else(head: bytes) -> str:
    if not head:
        return " but empty"
    kind = look_at(head).kind
    return f" but {kind}" if kind else ""


def _part(view: memoryview, at: int, length: int) -> memoryview:
    if at + length > len(view):
        raise PromptError("The WAV file is cut in its description: get it again.")
    return view[at : at + length]


def _format(part: memoryview) -> Format:
    if len(part) < 16:
        raise PromptError("The WAV file's description is too short: write it again.")
    coding, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", part)
    if coding == EXTENSIBLE and len(part) >= 26:
        coding = struct.unpack_from("<H", part, 24)[0]  # the first two bytes of SubFormat
    if not channels or not rate or not block or block % channels:
        raise PromptError(
            f"The WAV file says {channels} channels, {rate} samples a second and {block} bytes "
            "for all channels, which cannot be: write it again."
        )
    width = block // channels
    if coding not in (PCM, FLOAT) or width not in ((1, 2, 3, 4) if coding == PCM else (4, 8)):
        named = {PCM: "integers", FLOAT: "floats"}.get(coding) or _CODINGS.get(coding)
        named = f"{named} of {bits} bits" if coding in (PCM, FLOAT) else named
        raise PromptError(f"The WAV file has {named or f'the coding {coding}'}: {CONVERT}.")
    return Format(coding, channels, rate, width)


def _samples(view: memoryview, at: int, length: int) -> memoryview:
    """The bytes of the samples; to the end if the size was not known when it was written."""
    there = len(view) - at
    streamed = length in _OPEN or (length == 0 and bytes(view[4:8]) in (bytes(4), b"\xff" * 4))
    if length > there and not streamed:
        raise PromptError(
            f"The WAV file is cut: it says {length:,} bytes of samples, and {there:,} are there. "
            "Get it again."
        )
    return view[at:] if streamed else view[at : at + length]


def _sound(data: memoryview, form: Format) -> Sound:
    block = form.width * form.channels
    whole = data[: len(data) // block * block]
    if not whole:
        raise PromptError("The WAV file has no samples: record it again.")
    samples = _decoded(whole, form).reshape(-1, form.channels).T
    return Sound(np.ascontiguousarray(samples), form.rate)


def _decoded(data: memoryview, form: Format) -> NDArray[np.float32]:
    """float32 of all samples in the order of the file."""
    if form.coding == FLOAT:
        return np.frombuffer(data, f"<f{form.width}").astype(np.float32)
    if form.width == 1:  # the only integers without a sign
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / np.float32(128)
    if form.width == 2:
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(1 << 15)
    if form.width == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return _from_int32(wide.view("<i4")[:, 0])
    return _from_int32(np.frombuffer(data, "<i4"))


def _from_int32(numbers: NDArray[np.int32]) -> NDArray[np.float32]:
    return numbers.astype(np.float32) / np.float32(1 << 31)
