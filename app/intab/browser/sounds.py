"""Sound in the browser: files that are no WAV are decoded by the page, at their own rate.

A worker has no way to do so itself, and what the browser makes of another rate has no low-pass to
speak of. The page gives the mean of the channels.
"""

from __future__ import annotations

import numpy as np
from pyodide.ffi import JsException, to_js

from intab.browser.ffi import js_worker, reason
from intab.engine.media.sound import Sound
from intab.engine.media.sound_files import SoundFile
from intab.engine.media.wav import CONVERT
from intab.errors import DeviceError, PromptError

_USUAL = 48000  # where the file does not tell its rate


async def decode_sound(data: bytes, file: SoundFile) -> Sound:
    """All of it, as one channel; PromptError if it cannot be decoded, DeviceError where no page can
    be asked."""
    if not js_worker().decodesSound():
        raise DeviceError(
            f"{file.kind} files are decoded by a page of intab's, and none listens here: pass the "
            f'samples as {{"raw": array, "sampling_rate": number}}, or {CONVERT}.'
        )
    try:
        js_sound = await js_worker().decodeSound(to_js(data), file.rate or _USUAL)
    except JsException as exc:
        raise PromptError(
            f"The {file.kind} file cannot be decoded ({reason(exc)}): it is damaged, has no sound, "
            f"or is of a kind that this browser does not know. Get it again, or {CONVERT}."
        ) from exc
    samples = np.frombuffer(js_sound.samples.to_bytes(), np.float32)
    return Sound(samples[None], int(js_sound.rate))
