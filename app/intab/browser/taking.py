"""What the page gives: frames of a camera, what was drawn, a file; sound of a microphone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from pyodide.ffi import JsException

from intab.browser.ffi import js_worker, reason
from intab.browser.pictures import load_pillow, of_found
from intab.engine.media.sound import Sound
from intab.errors import ProgramError

_AGAIN = "and run the program again."
# By the names that getUserMedia gives its errors; those in lower case are the page's own.
_REASONS = {
    "NotAllowedError": "The {device} may not be used: allow it for this page in the browser's "
    f"address bar, {_AGAIN}",
    "SecurityError": "This browser gives the page no {device}: open the page by https or from this "
    f"machine, {_AGAIN}",
    "NotFoundError": f"There is no {{device}}: connect one, {_AGAIN}",
    "OverconstrainedError": f"There is no such {{device}}: leave facing out, {_AGAIN}",
    "NotReadableError": f"The {{device}} is taken: close what else uses it, another tab too, "
    f"{_AGAIN}",
    "AbortError": f"The {{device}} does not start: unplug it, connect it, {_AGAIN}",
    "lost": f"The {{device}} is gone: it was unplugged, or taken back. Connect it, {_AGAIN}",
    "full": "The program is slower than the {device}: what it did not take in time filled the "
    f"buffer, and nothing was captured from then on. Take a smaller model, {_AGAIN}",
}


class PageSource:
    """A Source; `text` is the event that tells the page what is wanted."""

    def __init__(self, text: str) -> None:
        self._device = str(json.loads(text)["source"])
        self._js = js_worker().openChannel(text)

    async def next(self) -> Any:
        """The next picture, or the sound that was captured since."""
        if self._device != "microphone":
            await load_pillow()
        try:
            js_found = await self._js.next()
        except JsException as exc:
            name = str(getattr(exc, "name", ""))
            words = _REASONS.get(name, f"The page gives no picture or sound ({reason(exc)}).")
            raise ProgramError(words.format(device=self._device)) from exc
        if hasattr(js_found, "pixels"):
            from intab.browser.frames import frame_of

            return frame_of(js_found)
        if self._device != "microphone":
            return await of_found(js_found)
        samples = np.frombuffer(js_found.samples.to_bytes(), np.float32)
        return Sound(samples[None], int(js_found.rate))

    def draw(self, found: str) -> None:
        """Into the view."""
        self._js.draw(found)

    def close(self) -> None:
        """The page lets go of the device."""
        self._js.close()
