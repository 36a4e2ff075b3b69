"""Pictures whose pixels stay in JavaScript: a camera's frames on their way to a model.

A `Frame` is a PIL.Image: its pixels come into Python's memory once Pillow is asked for them, and no
sooner. What a model takes of it is made in JavaScript and fed from there.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.browser.ffi import js_worker
from intab.engine.media.preparing import Preparation
from intab.engine.runtime.network import Elsewhere

if TYPE_CHECKING:
    from PIL.Image import Image


class Lent:
    """What JavaScript lends: it gets it back, to use it again, once nothing here holds it."""

    def __init__(self, js_lent: Any) -> None:
        self.js = js_lent

    def __del__(self) -> None:
        self.js.release()


class JsArray(Elsewhere):
    """A float32 array whose bytes are JavaScript's."""

    def __init__(self, lent: Lent, shape: tuple[int, ...]) -> None:
        super().__init__(shape, "float32")
        self._lent = lent  # a copy of this array holds it too

    @property
    def js_bytes(self) -> Any:
        """Its bytes, a Uint8Array."""
        return self._lent.js.bytes

    def values(self) -> NDArray[np.float32]:
        """A copy."""
        return np.frombuffer(self.js_bytes.to_bytes(), np.float32).reshape(self.shape)


def frame_of(js_pixels: Any) -> Image:
    """A picture of RGBA in rows; whatever alpha it has is left out. Pillow must be there."""
    frame: Image = _class()(js_pixels)
    return frame


@cache
def _class() -> Any:
    """Frame, which Pillow must be there for."""
    from PIL import Image

    class Frame(Image.Image):
        """A picture in RGB whose pixels are in JavaScript."""

        def __init__(self, js_pixels: Any) -> None:
            super().__init__()
            width, height = json.loads(js_pixels.size)
            self._mode, self._size = "RGB", (width, height)
            self._lent = Lent(js_pixels)

        def load(self) -> Any:
            """Bring the pixels here; every method of Pillow's that needs them calls this first."""
            if self._im is None:
                data = self._lent.js.pixels.to_bytes()
                self.im = Image.frombytes("RGB", self.size, data, "raw", "RGBX").im
            return super().load()

        def prepared(self, preparation: Preparation) -> Any:
            """What a model takes of it, which stays in JavaScript; of pixels that are here, since
            they may have been drawn on, Pillow makes it."""
            if self._im is not None:
                return preparation(self)
            js_made = js_worker().preparePicture(
                self._lent.js, preparation.told(), preparation.tables.tobytes()
            )
            return JsArray(Lent(js_made), (3, *preparation.made))

    return Frame
