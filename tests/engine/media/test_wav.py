"""WAV files of every kind are read, and what is none is an error that says what to do."""

from __future__ import annotations

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.media.sound import Sound
from intab.engine.media.wav import EXTENSIBLE, read_wav
from intab.errors import PromptError
from tests.engine.support.sounds import as_wav, wav

WHOLE = [0, 1, -1, 1000, -32768, 32767]
PCM_GUID = struct.pack("<HHI", 22, 24, 3) + b"\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"


def bytes_of(numbers: list[int], width: int) -> bytes:
    return b"".join(n.to_bytes(width, "little", signed=width > 1) for n in numbers)


@pytest.mark.parametrize(
    ("width", "numbers", "wanted"),
    [
        (1, [0, 128, 255, 64], [-1, 0, 127 / 128, -0.5]),
        (2, WHOLE, [n / 32768 for n in WHOLE]),
        (3, [0, 1, -8388608, 8388607], [0, 1 / 8388608, -1, 8388607 / 8388608]),
        (4, [0, -(2**31), 2**30], [0, -1, 0.5]),
    ],
)
def test_integers(width: int, numbers: list[int], wanted: list[float]) -> None:
    sound = read_wav(wav(bytes_of(numbers, width), bits=8 * width, rate=22050))
    assert (sound.rate, sound.samples.dtype.name) == (22050, "float32")
    np.testing.assert_array_equal(sound.samples, np.array([wanted], np.float32))


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_floats(dtype: str) -> None:
    values = np.array([0.5, -1.25, 1e-7], dtype)
    sound = read_wav(wav(values.tobytes(), coding=3, bits=values.itemsize * 8))
    np.testing.assert_array_equal(sound.samples[0], values.astype(np.float32))


def test_channels_and_extensible_and_other_chunks() -> None:
    data = bytes_of([1, -2, 3, 4, 5, -6], 3)
    before = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    file = wav(data, EXTENSIBLE, 24, channels=3, more=PCM_GUID, before=before)
    sound = read_wav(memoryview(file + b"junk"))
    np.testing.assert_array_equal(sound.samples * 2**23, [[1, 4], [-2, 5], [3, -6]])
    assert sound.seconds == 2 / 16000
    np.testing.assert_allclose(sound.mono * 2**23, [2 / 3, 1], rtol=1e-6)


def test_sizes_that_were_not_known() -> None:
    """Such as ffmpeg writes to a pipe; and RF64, which says them elsewhere."""
    file = bytearray(wav(bytes_of([5, 6, 7], 2)))
    for size in (0xFFFFFFFF, 0):
        file[4:8] = file[40:44] = struct.pack("<I", size)
        assert read_wav(bytes(file)).samples.shape == (1, 3)
    sizes = b"ds64" + struct.pack("<IQQQI", 28, 100, 4, 2, 0)
    large = wav(bytes_of([5, 6, 7], 2), before=sizes)
    at = large.index(b"data") + 4
    large = b"RF64" + large[4:at] + b"\xff" * 4 + large[at + 4 :]
    assert read_wav(large).samples.shape == (1, 2)


GOOD = wav(bytes_of(WHOLE, 2))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no WAV file but empty: convert it"),
        (b"ID3\x03 and so on", "no WAV file but MP3"),
        (b"\0\0\0\x20ftypM4A \0\0", "no WAV file but MP4 or M4A"),
        (b"OggS\0\0", "no WAV file but Ogg: convert it, such as by `ffmpeg"),
        (b"\x1aE\xdf\xa3", "WebM or Matroska"),
        (b"hello, world", "no WAV file: convert it"),
        (GOOD[:30], "cut in its description"),
        (GOOD[:40], "ends before its samples begin"),
        (GOOD[:12], "ends before its samples begin"),
        (GOOD[:-2], "is cut: it says 12 bytes of samples, and 10 are there"),
        (wav(b""), "has no samples"),
        (wav(b"\0", bits=16), "has no samples"),
        (wav(b"\0\0", coding=6, bits=8), "has A-law: convert it"),
        (wav(b"\0\0", coding=85), "has MP3"),
        (wav(b"\0\0", coding=999), "has the coding 999"),
        (wav(b"\0" * 8, bits=64), "has integers of 64 bits"),
        (wav(b"\0\0", coding=3), "has floats of 16 bits"),
        (wav(b"\0\0", rate=0), "0 samples a second"),
        (wav(b"\0\0", bits=4), "0 bytes for all channels"),
        (GOOD.replace(b"fmt ", b"fmt\0"), 'no "fmt " before its samples'),
        (GOOD[:16] + struct.pack("<I", 4) + GOOD[20:24] + GOOD[36:], "description is too short"),
    ],
)
def test_what_is_no_wav(data: bytes, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        read_wav(data)


@given(st.binary(max_size=80), st.integers(0, 60))
def test_whatever_the_bytes_are(junk: bytes, at: int) -> None:
    """A sound, or an error of ours."""
    for data in (junk, GOOD[:at] + junk, GOOD[:at] + junk + GOOD[at + len(junk) :]):
        with suppress(PromptError):
            assert isinstance(read_wav(data), Sound)


@given(st.lists(st.integers(-32768, 32767), min_size=2, max_size=40), st.sampled_from([1, 2]))
def test_what_was_written_is_read(numbers: list[int], channels: int) -> None:
    whole = numbers[: len(numbers) // channels * channels]
    samples = np.array(whole, np.float32).reshape(channels, -1) / np.float32(32768)
    np.testing.assert_array_equal(read_wav(as_wav(samples)).samples, samples)
