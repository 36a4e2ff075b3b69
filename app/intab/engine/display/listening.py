"""The microphone: sound as it is spoken, an array at a time, at a model's rate.

The page keeps what was captured until it is asked for, so that nothing is lost while a model
computes; the rate is changed here, by the same filter as that of files (media/resampling.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from intab.engine.display.devices import Device
from intab.engine.media.resampling import MOST, Resampler
from intab.engine.media.sound import Samples, Sound
from intab.errors import OptionError, ProgramError

_DEAD = 10  # seconds of nothing but zeros at the beginning: no room is as silent
_LONGEST = 3600  # seconds


class Microphone(Device[Samples]):
    """What a microphone hears: arrays [n] of float32 from -1 to 1, `rate` of them a second.

    `seconds` is how much was given so far.
    """

    def __init__(self, rate: int, about: Mapping[str, Any]) -> None:
        super().__init__(about)
        self.rate = rate
        self.seconds = 0.0
        self._resampler: Resampler | None = None
        self._was_heard = False

    def _made(self, given: Sound) -> Samples:
        found = self._at_rate(given)
        self.seconds += len(found) / self.rate
        self._check_alive(found)
        return found

    def _at_rate(self, sound: Sound) -> Samples:
        if self._resampler is None or self._resampler.rate != sound.rate:
            self._resampler = Resampler(sound.rate, self.rate)
        return self._resampler.take(sound.mono)

    def _check_alive(self, found: Samples) -> None:
        self._was_heard = self._was_heard or bool(np.any(found))
        if not self._was_heard and self.seconds >= _DEAD:
            raise ProgramError(
                f"The microphone gave {_DEAD} seconds of nothing: it is muted, by a switch, a key "
                "or the system. Unmute it, and run the program again."
            )

    def draw(self, text: Any) -> None:
        """Write a text below the meter, in the place of what stood there before: what was
        understood so far, for one.

        Args:
            text: what `str()` makes a text of.
        """
        if self._source:
            self._source.draw(json.dumps(str(text)))


def microphone(rate: int = 16000, *, buffer_s: float = 300, processing: bool = False) -> Microphone:
    """Listen to the microphone: each array is what was said since the one before.

        sound = intab.microphone()
        async for so_far in pipe.stream(sound):
            sound.draw(so_far)

    The visitor is asked for leave once. Stop ends the loop, and the light goes out; so it does when
    the loop ends or the program does. A meter shows how loud it is.

    Args:
        rate: samples a second, as the model wants them.
        buffer_s: so many seconds are kept while the program does something else; from then on
            nothing is captured any more.
        processing: whether the browser may change what was said: suppress noise and echoes, set
            the gain.

    Returns:
        The sound, to be gone through by `async for`, or to be passed to `pipe.stream`. The first
        array raises ProgramError if there is no microphone, or it may not be used; a later one if
        it is lost, gives nothing, or the program was too slow for `buffer_s`.

    Raises:
        OptionError: an argument is none of these.
    """
    if type(rate) is not int or not 1000 <= rate <= MOST:
        raise OptionError(f"rate must be a whole number from 1,000 to {MOST:,}, not {rate!r}.")
    number = isinstance(buffer_s, int | float) and not isinstance(buffer_s, bool)
    if not number or not 1 <= buffer_s <= _LONGEST:
        raise OptionError(
            f"buffer_s must be a number of seconds from 1 to {_LONGEST:,}, not {buffer_s!r}."
        )
    if not isinstance(processing, bool):
        raise OptionError(f"processing must be True or False, not {processing!r}.")
    about = {"source": "microphone", "buffer": float(buffer_s), "processing": processing}
    return Microphone(rate, about)
