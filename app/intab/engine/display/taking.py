"""Pictures that the reader gives: a camera's frames, a drawing, a file that was chosen.

They come from the page one at a time, each when it is asked for: a camera's is the newest then, and
none waits in a queue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from intab.engine.display import screen
from intab.engine.display.devices import Device, Source
from intab.errors import OptionError, ProgramError

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST = 4096  # pixels of a side
_FACING = ("user", "environment")
_INKS = ("black", "white")


class Camera(Device["Image"]):
    """The frames of a camera: the newest each time, a PIL.Image in RGB."""

    def _made(self, given: Image) -> Image:
        return given if given.mode == "RGB" else given.convert("RGB")

    def draw(self, found: Any) -> None:
        """Draw what was found over the live view, in the place of what was drawn before.

        Args:
            found: what a pipeline answers: records with a label, and a score or a box if they have
                one; or a text.

        Raises:
            OptionError: it is neither.
        """
        records = [{"label": found}] if isinstance(found, str) else found
        if not isinstance(records, list) or not all(isinstance(one, Mapping) for one in records):
            raise OptionError("What is drawn must be a text, or a list of records with a label.")
        if self._source:
            self._source.draw(json.dumps([_drawn(one) for one in records]))


def _drawn(record: Mapping[str, Any]) -> dict[str, Any]:
    score, box = record.get("score"), record.get("box")
    words = str(record.get("label", record.get("generated_text", "")))
    words += f" {score:.2f}" if isinstance(score, float) else ""
    return {"words": words, "box": dict(box) if isinstance(box, Mapping) else None}


def camera(size: tuple[int, int] = (640, 480), facing: str | None = None) -> Camera:
    """Look through the camera: each frame is the newest, at the pace at which they are taken.

        frames = intab.camera()
        async for frame in frames:
            frames.draw(await pipe(frame, top_k=1))

    The visitor is asked for leave once. Stop ends the loop, and the light goes out; so it does when
    the loop ends or the program does.

    Args:
        size: the width and the height in pixels that are asked for; a camera gives what it can.
        facing: "user" for the one that looks at the visitor, "environment" for the other; left
            out, the device's first.

    Returns:
        The frames, to be gone through by `async for`. The first raises ProgramError if there is no
        camera, or it may not be used; a later one if it is lost.

    Raises:
        OptionError: an argument is none of these.
    """
    width, height = _size(size)
    if facing is not None and facing not in _FACING:
        raise OptionError(f"facing must be one of {', '.join(_FACING)}, not {facing!r}.")
    return Camera({"source": "camera", "width": width, "height": height, "facing": facing or ""})


async def canvas(
    prompt: str = "", *, size: tuple[int, int] = (280, 280), ink: str = "black", pen: int = 18
) -> Any:
    """Have the visitor draw a picture by hand.

        digit = await intab.canvas("Draw a digit", ink="white")

    Args:
        prompt: what to draw.
        size: its width and height in pixels.
        ink: "black" on white, or "white" on black.
        pen: how thick a line is, in pixels.

    Returns:
        The drawing, a PIL.Image in RGB.

    Raises:
        OptionError: an argument is none of these.
        ProgramError: there is no page to draw on.
    """
    width, height = _size(size)
    if ink not in _INKS:
        raise OptionError(f"ink must be one of {', '.join(_INKS)}, not {ink!r}.")
    if isinstance(pen, bool) or not isinstance(pen, int) or not 1 <= pen <= min(size):
        raise OptionError(f"pen must be from 1 to {min(size)} pixels, not {pen!r}.")
    about = {"source": "canvas", "width": width, "height": height, "ink": ink, "pen": pen}
    return (await _taken({**about, "prompt": str(prompt)})).convert("RGB")


async def picture(prompt: str = "") -> Image:
    """Have the visitor choose a picture, drop it, or paste it; upright. ProgramError if there is no
    page to ask in."""
    return await _taken({"source": "file", "prompt": str(prompt)})


async def _taken(about: Mapping[str, Any]) -> Image:
    source = screen.current().take(about)
    try:
        found: Image = await source.next()
        return found
    finally:
        source.close()


def no_page(about: Mapping[str, Any]) -> Source:
    """Where no page shows what programs show."""
    sound = about["source"] == "microphone"
    what = {"canvas": "canvas to draw on", "file": "page to ask in"}
    name = what.get(about["source"], about["source"])
    instead = "give a pipeline a file" if sound else "read a picture with intab.image(path)"
    raise ProgramError(f"There is no {name} here: run this in intab's page, or {instead}.")


def _size(size: Any) -> tuple[int, int]:
    found = tuple(size) if isinstance(size, list | tuple) else ()
    whole = all(isinstance(side, int) and not isinstance(side, bool) for side in found)
    if len(found) != 2 or not whole or not 1 <= min(found) <= max(found) <= _MOST:
        raise OptionError(f"size must be (width, height), each from 1 to {_MOST:,}, not {size!r}.")
    return found[0], found[1]
