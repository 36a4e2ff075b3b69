"""The microphone: what was captured since it was last asked for, at the model's rate."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import Any

import numpy as np
import pytest

import intab
from intab.engine.display.screen import Screen, use
from intab.engine.media.resampling import resample
from intab.engine.media.sound import Samples, Sound
from intab.errors import OptionError, ProgramError
from tests.engine.support.sounds import made_up


class Fake:
    """A Source of these blocks; then it is lost."""

    def __init__(self, blocks: list[Samples], rate: int = 48000) -> None:
        self.blocks, self.rate = list(blocks), rate
        self.drawn: list[Any] = []
        self.closed = 0
        self.about: Any = None

    async def next(self) -> Sound:
        await asyncio.sleep(0)
        if not self.blocks:
            raise ProgramError("The microphone is gone")
        return Sound(self.blocks.pop(0)[None], self.rate)

    def draw(self, found: str) -> None:
        self.drawn.append(json.loads(found))

    def close(self) -> None:
        self.closed += 1

    def take(self, about: Any) -> Fake:
        self.about = about
        return self


def uneven(sound: Samples) -> list[Samples]:
    return np.split(sound, [1, 4800, 4801, 9000, 9000, 30000])


async def heard_to_its_end(sound: intab.Microphone, says: str) -> list[Samples]:
    found = list[Samples]()
    try:
        async for block in sound:
            found.append(block)  # what came before the error counts
    except ProgramError as error:
        assert says in str(error)  # noqa: PT017
        return found
    raise AssertionError(says)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
async def test_blocks_are_resampled_as_the_whole_would_be(rate: int) -> None:
    sound = made_up(rate, rate)
    fake = Fake(uneven(sound), rate)
    with use(Screen(take=fake.take)):
        microphone = intab.microphone()
        assert not fake.about  # no light before the loop
        found = await heard_to_its_end(microphone, "The microphone is gone")
    whole = resample(sound, rate, 16000)
    heard = np.concatenate(found)
    assert heard.dtype == np.float32
    assert 0 <= len(whole) - len(heard) < 500  # they need what comes after
    np.testing.assert_allclose(heard, whole[: len(heard)], rtol=0, atol=1e-7)
    assert microphone.seconds == pytest.approx(len(heard) / 16000)
    assert fake.about == {"source": "microphone", "buffer": 300.0, "processing": False}
    assert fake.closed


async def test_it_is_given_back_by_close_and_by_leaving_the_loop() -> None:
    fake = Fake([made_up(4800)] * 9)
    with use(Screen(take=fake.take)):
        microphone = intab.microphone(8000, buffer_s=5, processing=True)
        async for block in microphone:
            assert len(block) <= 800
            microphone.close()
        assert [block async for block in microphone] == []
        assert fake.closed
        other = Fake([made_up(4800)] * 9)
    with use(Screen(take=other.take)):
        async for _ in intab.microphone():
            break
        gc.collect()
    assert other.closed


async def test_stop_gives_it_back() -> None:
    fake, begun = Fake([made_up(480)] * 100_000), asyncio.Event()

    async def listen() -> None:
        async for _ in intab.microphone():
            begun.set()

    with use(Screen(take=fake.take)):
        task = asyncio.create_task(listen())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    gc.collect()
    assert fake.closed


async def test_one_that_gives_nothing_is_muted() -> None:
    fake = Fake([np.zeros(48000, np.float32)] * 20)
    with use(Screen(take=fake.take)):
        microphone = intab.microphone()
        await heard_to_its_end(microphone, "gave 10 seconds of nothing: it is muted")
    assert fake.closed
    later = Fake([made_up(4800), *[np.zeros(48000, np.float32)] * 20])
    with use(Screen(take=later.take)):  # one who mutes it on the way may unmute it
        await heard_to_its_end(intab.microphone(), "is gone")


async def test_what_was_understood_is_written_below_the_meter() -> None:
    fake = Fake([made_up(4800)])
    with use(Screen(take=fake.take)):
        microphone = intab.microphone()
        microphone.draw("nobody listens yet")
        async for _ in microphone:
            microphone.draw("hello")
            break
    assert fake.drawn == ["hello"]


async def test_without_a_page_it_is_said_what_to_do() -> None:
    with pytest.raises(ProgramError, match="There is no microphone here: run this in intab's page"):
        await anext(intab.microphone())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rate": 16000.0}, "rate must be a whole number from 1,000 to 10,000,000, not 16000.0"),
        ({"rate": 10}, "rate must be"),
        ({"buffer_s": 0}, "buffer_s must be a number of seconds from 1 to 3,600, not 0"),
        ({"buffer_s": True}, "buffer_s must be"),
        ({"processing": 1}, "processing must be True or False, not 1"),
    ],
)
def test_what_a_microphone_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        intab.microphone(**options)
