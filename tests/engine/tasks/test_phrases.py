"""Sound that comes in blocks is cut into phrases, and these are written down as they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
import pytest

from intab.engine.media.sound import Samples
from intab.engine.tasks.speech.live import Live, check_rate, write_live
from intab.engine.tasks.speech.phrases import (
    Cutter,
    Loudness,
    Phrase,
    PhraseOptions,
    Windows,
    in_phrases,
)
from intab.errors import OptionError, ProgramError, PromptError
from tests.engine.support.sounds import made_up

WINDOW, RATE = 512, 16000


class Scripted:
    """A detector that hears speech in these windows."""

    def __init__(self, spans: list[tuple[int, int]], unsure: int = -1) -> None:
        self.spans, self.unsure, self.at = spans, unsure, -1

    async def hear(self, window: Samples) -> float:
        assert window.shape == (WINDOW,)
        self.at += 1
        speaks = any(start <= self.at < end for start, end in self.spans)
        return (0.6 if self.at == self.unsure else 0.9) if speaks else 0.1


async def blocks(sound: Samples, size: int) -> AsyncGenerator[Samples]:
    for at in range(0, len(sound), size):
        yield sound[at : at + size]


async def phrases(
    sound: Samples, detector: Any, size: int = 700, **options: Any
) -> list[tuple[int, int, bool]]:
    """Where they begin and end, in windows; their samples must be those of the sound."""
    found = []
    async for one in in_phrases(blocks(sound, size), detector, PhraseOptions.of(options)):
        start = round(one.start * RATE)
        np.testing.assert_array_equal(one.samples, sound[start : start + len(one.samples)])
        assert one.end <= one.heard
        found.append((start // WINDOW, round(one.end * RATE) // WINDOW, one.partial))
    return found


# Paddings of one window, pauses of three.
PLAIN: dict[str, Any] = {"speech_pad_ms": 32, "min_silence_duration_ms": 96, "partial_s": None}


@pytest.mark.parametrize("size", [100, 512, 700, 100_000])
async def test_phrases_end_where_nobody_speaks(size: int) -> None:
    sound = made_up(60 * WINDOW)
    spans = [(5, 20), (22, 30), (40, 42), (50, 60)]  # a short pause, a cough, one at the end
    found = await phrases(sound, Scripted(spans), size, **PLAIN)
    assert found == [(4, 31, False), (49, 60, False)]


async def test_what_is_being_said_comes_in_between() -> None:
    sound = made_up(200 * WINDOW)
    found = await phrases(
        sound, Scripted([(0, 150)]), WINDOW, **{**PLAIN, "partial_s": 1.6}
    )  # 50 windows
    assert found == [(0, 50, True), (0, 100, True), (0, 150, True), (0, 151, False)]
    late = await phrases(sound, Scripted([(0, 150)]), 120 * WINDOW, **{**PLAIN, "partial_s": 1.6})
    assert late == [(0, 120, True), (0, 151, False)]  # a slow program is told once


async def test_what_is_too_long_is_cut_where_speech_was_least_likely() -> None:
    sound = made_up(400 * WINDOW)
    detector = Scripted([(0, 400)], unsure=290)
    found = await phrases(sound, detector, **{**PLAIN, "max_speech_duration_s": 9.6})
    assert found[0] == (0, 291, False)
    assert found[1][0] == 291
    assert found[-1] == (found[-2][1], 400, False) if len(found) > 2 else found[1][1] == 400


async def test_little_is_kept_while_nobody_speaks() -> None:
    cutter = Cutter(PhraseOptions())
    for _ in range(5000):
        assert cutter.take(np.zeros(WINDOW, np.float32), 0.0) is None
    assert len(cutter._windows) < 20
    assert cutter.so_far() is None
    assert cutter.end() is None


async def test_without_a_model_loud_is_speech() -> None:
    noise = 0.003 * made_up(6 * RATE, seed=5)
    sound = noise.copy()
    sound[2 * RATE : 4 * RATE] += made_up(2 * RATE)
    found = await phrases(sound, Loudness(), partial_s=None, speech_pad_ms=0)
    assert len(found) == 1
    assert abs(found[0][0] * WINDOW / RATE - 2) < 0.2
    assert abs(found[0][1] * WINDOW / RATE - 4) < 0.5
    assert await phrases(np.zeros(5 * RATE, np.float32), Loudness()) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"threshold": 2}, "threshold must be a number from 0 to 1"),
        ({"partial_s": 0}, "partial_s must be a number of seconds from 0.1 on, or None"),
        ({"max_speech_duration_s": None}, "max_speech_duration_s must be"),
        ({"speech_pad_ms": -1}, "speech_pad_ms must be a number of milliseconds, 0 or more"),
        ({"pad": 1}, "Phrases have no option 'pad', but: threshold"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        PhraseOptions.of(options)


def test_blocks_are_arrays() -> None:
    with pytest.raises(PromptError, match="A block of sound must be a numpy array, not bytes"):
        Windows().of(b"")


def test_rates() -> None:
    class Low:
        rate = 8000

    check_rate([], RATE)
    with pytest.raises(OptionError, match="the model takes 16,000 and the sound has 8,000"):
        check_rate(Low(), RATE)
    with pytest.raises(OptionError, match="the model takes 24,000"):
        check_rate([], 24000)


async def told(given: Any, live: Live, **more: Any) -> list[tuple[str, bool]]:
    async def write(samples: Samples) -> dict[str, Any]:
        return {"text": f" {len(samples)}" if len(samples) > 1 else "", **more}

    return [(str(found), found.partial) async for found in write_live(given, write, live)]


def phrase(length: int, start: float, *, partial: bool = False) -> Phrase:
    samples = np.zeros(length, np.float32)
    return Phrase(samples, start, start + length / RATE, partial)


async def test_phrases_are_written_down_one_after_another() -> None:
    given = [phrase(8, 1.0, partial=True), phrase(16, 1.0), phrase(1, 2.0), phrase(32, 3.0)]
    live = Live()
    found = await told(iter(given), live)
    assert found == [("8", True), ("16", False), ("16", False), ("16 32", False)]
    assert live.answer() == {
        "text": "16 32",
        "chunks": [
            {"text": " 16", "timestamp": (1.0, 1.001)},
            {"text": " 32", "timestamp": (3.0, 3.002)},
        ],
    }
    assert live.told.heard == 3.002


async def test_times_of_the_model_are_times_of_all_that_was_said() -> None:
    live = Live()
    chunks = [{"text": " a", "timestamp": (0.0, 0.5)}, {"text": " b", "timestamp": (0.5, None)}]
    await told(iter([phrase(8, 10.0)]), live, chunks=chunks)
    assert live.answer()["chunks"] == [
        {"text": " a", "timestamp": (10.0, 10.5)},
        {"text": " b", "timestamp": (10.5, None)},
    ]


async def test_blocks_are_cut_by_loudness_and_nothing_is_nothing() -> None:
    sound = np.concatenate([np.zeros(RATE), made_up(RATE), np.zeros(RATE)]).astype(np.float32)
    found = await told(blocks(sound, 1000), Live())
    assert len(found) >= 1
    assert found[-1][1] is False
    assert await told(iter([]), Live()) == []


async def test_a_microphone_that_is_lost_loses_nothing_that_was_said() -> None:
    async def torn() -> AsyncGenerator[Samples]:
        yield np.concatenate([np.zeros(RATE), made_up(RATE)]).astype(np.float32)
        raise ProgramError("The microphone is gone")

    live, found = Live(), list[str]()

    async def write(samples: Samples) -> dict[str, Any]:
        return {"text": "spoken"}

    async def listen() -> None:
        async for one in write_live(torn(), write, live):
            found.append(f"{one.text} {one.partial}")

    with pytest.raises(ProgramError, match="is gone"):
        await listen()
    assert found[-1] == "spoken False"
    assert live.told.text == "spoken"


async def test_an_hour_of_speech_leaves_nothing_behind_but_its_text() -> None:
    """Of what was said no more is kept than the longest phrase."""
    cutter, most = Cutter(PhraseOptions(partial_s=None)), 0
    window, cuts = np.zeros(WINDOW, np.float32), 0
    for at in range(12_000):
        cuts += cutter.take(window, 0.9 if at % 1000 else 0.6) is not None
        most = max(most, len(cutter._windows))
    assert cuts >= 12_000 * WINDOW // (28 * RATE)
    assert most <= 28 * RATE // WINDOW + 20
