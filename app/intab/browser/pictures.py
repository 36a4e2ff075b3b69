"""Pictures in the browser: what it decodes as native Pillow does it decodes, Pillow the rest.

Pillow's JPEG decoder in Pyodide is another than natively, and differs by up to 48 levels; browsers
decode JPEG as native Pillow does, to the bit. PNG, WebP and all resizing are equal in Pillow
itself. It is fetched from the site once the first picture is read.
"""

from __future__ import annotations

import json
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin

import numpy as np
import pyodide_js
from pyodide.ffi import JsException, JsProxy

from intab.browser.ffi import js_worker, reason
from intab.engine.io.protocols import Services
from intab.engine.io.small_files import get_whole
from intab.engine.media import pictures
from intab.engine.media.preparing import is_frame
from intab.errors import DeviceError, PromptError

if TYPE_CHECKING:
    from PIL.Image import Image

_KINDS = (
    "an address, bytes, a numpy array, a PIL.Image, a Blob, an ImageBitmap or a canvas, or a "
    "pathlib.Path of Python's own files"
)
_BY_BROWSER = ("JPEG", "MPO")


async def load_pillow() -> None:
    """Have Pillow; DeviceError if the site does not have it."""
    try:
        import PIL.Image  # noqa: F401
    except ModuleNotFoundError:
        await _fetch_pillow()


async def _fetch_pillow() -> None:
    try:
        await pyodide_js.loadPackage("pillow")
        import PIL.Image  # noqa: F401
    except (JsException, ModuleNotFoundError) as exc:
        raise DeviceError(
            f"Reading pictures needs Pillow, which this site does not have ({exc}): put its wheel "
            "for Pyodide beside the interpreter, or load it before."
        ) from exc


async def read_picture(source: Any, services: Services[Any], page: str | None) -> Image:
    """A picture of whatever a user has, upright; PromptError for what is none."""
    await load_pillow()
    if isinstance(source, JsProxy):
        return await _of_javascript(source)
    if is_frame(source):
        return cast("Image", source)
    if pictures.is_picture(source):
        return pictures.decoded(source)
    if isinstance(source, np.ndarray):
        return pictures.from_array(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return await _of_file(bytes(source), "The picture")
    if isinstance(source, str) and source.startswith("data:"):
        return await _of_file(pictures.from_data_address(source), "The picture")
    if isinstance(source, str):
        address = urljoin(page or "", source)
        body = await get_whole(services, address)
        if body is None:
            raise pictures.not_there(address)
        return await _of_file(js_worker().bytesOf(body.js_body).to_bytes(), source)
    if isinstance(source, PathLike):
        return await _of_file(_own_file(Path(fspath(source))), str(source))
    raise PromptError(f"A picture is {_KINDS}, not {type(source).__name__}.")


def _own_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise PromptError(f"{path} cannot be read ({exc.strerror or exc}).") from exc


async def _of_file(data: bytes, what: str) -> Image:
    """A file's picture: refused by its size before any of it is decoded."""
    try:
        opened = pictures.open_file(data, what)
    except PromptError:
        if data[4:8] != b"ftyp":  # AVIF, which Pillow lacks here
            raise
        return await _by_browser(data, what)
    if opened.format not in _BY_BROWSER:
        return pictures.decoded(opened, what)
    if b"\xff\xd9" not in data[-(len(data) // 2) :]:
        raise PromptError(f"{what} is cut off: it has no end. Fetch or save it again.")
    found = await _by_browser(data, what)
    return found.getchannel(0) if opened.mode == "L" else found


async def _by_browser(data: bytes, what: str) -> Image:
    """Decoded by the browser, which turns it upright too."""
    try:
        js_pixels = await js_worker().decodePicture(data)
    except JsException as exc:
        raise PromptError(
            f"{what} is cut off, damaged, or of a kind that this browser cannot read "
            f"({reason(exc)}): save it as JPEG or PNG."
        ) from exc
    return _of_pixels(js_pixels, what).convert("RGB")


async def _of_javascript(js_source: Any) -> Image:
    """A picture of a canvas, a bitmap, a Blob, or an array of a file's bytes."""
    try:
        js_found = await js_worker().readPicture(js_source)
    except JsException as exc:
        raise PromptError(_refused(exc)) from exc
    return await of_found(js_found)


async def of_found(js_found: Any) -> Image:
    """A picture of pixels, of a data: address, or of a file's bytes."""
    if isinstance(js_found, str):
        return await _of_file(pictures.from_data_address(js_found), "The picture")
    if hasattr(js_found, "pixels"):
        return _of_pixels(js_found, "The picture")
    return await _of_file(js_found.to_bytes(), "The picture")


def _refused(exc: JsException) -> str:
    match getattr(exc, "name", ""):
        case "SecurityError":
            return (
                "The canvas has a picture of another origin on it, which no page may read: draw "
                "one of this page's own origin, or one that its server lets others read (CORS)."
            )
        case "TypeError":
            return f"A picture is {_KINDS}, not this object of JavaScript's ({reason(exc)})."
    return f"The picture cannot be read ({reason(exc)})."


def _of_pixels(js_pixels: Any, what: str) -> Image:
    """A picture of RGBA in rows."""
    from PIL import Image

    width, height = json.loads(js_pixels.size)
    pictures.check_size(width, height, what)
    return Image.frombytes("RGBA", (width, height), js_pixels.pixels.to_bytes())
