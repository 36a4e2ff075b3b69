"""Sounds that are silent, noisy, long, coarse or cut: each is answered, or an error says why."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import intab
from intab.engine.media import resampling
from intab.engine.media.log_mel import LogMel
from intab.engine.media.resampling import resample
from intab.errors import PromptError
from tests.engine.support.sounds import as_wav, made_up, wav
from tests.native.test_speech import GOLDEN, SPEECH

FOLDERS = ("whisper/english", "whisper/many", "speech/wav2vec2", "moonshine")
SECOND = made_up(16000)
NOISE = np.random.default_rng(3).normal(0, 0.3, 16000).astype(np.float32)


async def opened(name: str) -> Any:
    return await intab.pipeline(SPEECH, GOLDEN / name)


def as_24_bits(sound: NDArray[np.float32]) -> bytes:
    whole = np.round(sound.astype(np.float64) * (1 << 23)).astype("<i4")
    return wav(whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes(), bits=24)


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize(
    "sound",
    [np.zeros(16000, np.float32), NOISE, 3 * NOISE, SECOND * 0 + 1, SECOND * 1e-30],
    ids=["silence", "noise", "too loud", "a constant", "nearly nothing"],
)
async def test_what_says_nothing_is_answered(name: str, sound: NDArray[np.float32]) -> None:
    pipe = await opened(name)
    assert isinstance((await pipe(sound))["text"], str)


@pytest.mark.parametrize("name", FOLDERS)
async def test_files_of_all_kinds_are_one_sound(name: str) -> None:
    pipe = await opened(name)
    exact = (np.round(SECOND * 32768) / 32768).astype(np.float32)
    wanted = await pipe(exact)
    assert await pipe(as_24_bits(exact)) == wanted
    assert await pipe(as_wav(np.array([exact, exact]))) == wanted
    low = await pipe({"raw": made_up(8000, 8000), "sampling_rate": 8000})
    assert low == await pipe(resample(made_up(8000, 8000), 8000, 16000))


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize(
    ("sound", "says"),
    [
        (as_wav(SECOND)[:9000], "The WAV file is cut: it says 32,000 bytes"),
        (as_wav(np.zeros(0)), "The WAV file has no samples"),
        (b"", "no WAV file but empty"),
        (b"RIFF\0\0\0\0AVI LIST", "The sound is no WAV file: convert it"),
        (b"\0\0\0\x20ftypisom" + bytes(99), "The MP4 or M4A file cannot be decoded"),
        (np.array([0.5, np.nan]), "numbers that are not finite"),
        (np.zeros((3, 16000)), "3 channels"),
        (np.zeros(16000, np.int16), "divide by 32768"),
    ],
)
async def test_what_is_no_sound_has_words(name: str, sound: Any, says: str) -> None:
    pipe = await opened(name)
    with pytest.raises(PromptError, match=says):
        await pipe(sound)


async def size_after(pieces: Any) -> int:
    """Bytes that are in use after a piece more."""
    await anext(pieces)
    return tracemalloc.get_traced_memory()[0]


async def test_memory_is_flat_over_a_long_sound() -> None:
    """Of a sound that is heard piece by piece no piece leaves anything behind but its text."""
    pipe = await opened("whisper/english")
    options = {"return_timestamps": True, "num_beams": 1, "max_new_tokens": 3}
    pieces = pipe.stream(made_up(120 * 16000), **options)
    tracemalloc.start()
    try:
        sizes = [await size_after(pieces) for _ in range(40)]
    finally:
        tracemalloc.stop()
        await pieces.aclose()
    assert max(sizes) - sizes[10] < 200_000


def test_pieces_of_a_sound_are_resampled_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = made_up(50_000, 44100)
    for rate in (44100, 8000, 22050, 48000):
        whole = resample(sound, rate, 16000)
        with monkeypatch.context() as changed:
            changed.setattr(resampling, "PIECE", 3000)
            np.testing.assert_allclose(resample(sound, rate, 16000), whole, rtol=0, atol=1e-7)


def test_an_hour_needs_little_more_than_itself() -> None:
    """By what ten minutes need beside the sound and what is made of it."""
    sound = np.zeros(600 * 16000, np.float32)
    tracemalloc.start()
    try:
        features = LogMel().features(sound, whole=True)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        found = resample(sound, 48000, 16000)
        most_of_it = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < sound.nbytes + 4 * features.nbytes
    assert most_of_it < features.nbytes + found.nbytes + 40e6
