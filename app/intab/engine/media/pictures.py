"""What may be a picture: the bytes of a file, or an array, as a PIL.Image in its upright place.

Pillow decodes and resizes, the same in CPython and in the browser; it is imported once a picture is
needed. A picture is refused by the size that its file says before any of it is decoded.
"""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.errors import PromptError

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 89_478_485  # from where on Pillow itself warns of a decompression bomb
_DRAWING = (b"<svg", b"<?xml", b"<!DOCTYPE svg")


def is_picture(value: object) -> bool:
    """Whether it is a PIL.Image, without importing Pillow for that."""
    return any(kind.__module__ == "PIL.Image" for kind in type(value).__mro__)


def not_there(address: str) -> PromptError:
    """The error for a picture that is not there."""
    return PromptError(f"There is no picture at {address}: check the address.")


def open_file(data: bytes, what: str = "The picture") -> Image:
    """A picture of which no more than the head was read; PromptError for what is none, and for one
    that is too large. `what` begins the errors."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise PromptError(f"{what} is empty: there are no bytes in it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data))
    except Image.DecompressionBombError as exc:
        raise PromptError(f"{what} is too large ({exc}): make it smaller first.") from exc
    except UnidentifiedImageError as exc:
        raise PromptError(f"{what} {_no_picture(data)}") from exc
    except (OSError, ValueError, SyntaxError) as exc:
        raise PromptError(f"{what} is damaged ({exc}): fetch or save it again.") from exc
    check_size(*opened.size, what)
    return opened


def check_size(width: int, height: int, what: str = "The picture") -> None:
    """PromptError for a picture with too many pixels, or none."""
    if width * height > MOST_PIXELS:
        raise PromptError(
            f"{what} is too large: {width:,} x {height:,} pixels, and at most {MOST_PIXELS:,} are "
            "read. Make it smaller first."
        )
    if not width or not height:
        raise PromptError(f"{what} has no pixels: {width} x {height}.")


def _no_picture(data: bytes) -> str:
    head = data[:200].lstrip()
    if head.startswith(_DRAWING):
        return "is a drawing (SVG), which has no pixels: save it as PNG."
    if data[4:8] == b"ftyp":
        kind = data[8:12].decode("ascii", "replace").strip()
        return f"is of a kind that cannot be read here ({kind}): save it as JPEG or PNG."
    if head.lower().startswith((b"<!doctype", b"<html")):
        return "is a web page, not a picture: check its address."
    return "is not a picture of a kind that is known: use JPEG, PNG, WebP, GIF, BMP or TIFF."


def decoded(opened: Image, what: str = "The picture") -> Image:
    """All of it, the first frame, upright as EXIF says; CMYK as RGB. PromptError if it is cut
    off."""
    from PIL import ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which changes no pixel
            opened.load()
            upright = ImageOps.exif_transpose(opened)
    except (OSError, ValueError, SyntaxError, IndexError, EOFError) as exc:
        raise PromptError(f"{what} is cut off or damaged ({exc}): fetch or save it again.") from exc
    return upright.convert("RGB") if upright.mode in ("CMYK", "YCbCr") else upright


def from_array(array: NDArray[Any], what: str = "The picture") -> Image:
    """A picture of an array [height, width] or [height, width, 1, 3 or 4]; of [1 or 3, height,
    width] too. uint8, or floats from 0 to 1, or bools. PromptError for another."""
    from PIL import Image

    pixels = _channels_last(np.asarray(array), what)
    check_size(pixels.shape[1], pixels.shape[0], what)
    if pixels.dtype == np.bool_:
        pixels = pixels * np.uint8(255)
    elif np.issubdtype(pixels.dtype, np.floating):
        if not (np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1):
            raise PromptError(
                f"{what} has floats beyond 0 to 1: scale them, or pass array.astype('uint8')."
            )
        pixels = (pixels.astype(np.float64) * 255).astype(np.float32).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        if pixels.dtype.kind not in "iu" or pixels.min() < 0 or pixels.max() > 255:
            raise PromptError(
                f"{what} is an array of {pixels.dtype}, and its numbers are not all from 0 to 255: "
                "pass uint8, or floats from 0 to 1."
            )
        pixels = pixels.astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels))


def _channels_last(array: NDArray[Any], what: str) -> NDArray[Any]:
    shape = array.shape
    if array.ndim == 2:
        return array
    if array.ndim == 3 and shape[-1] not in (1, 3, 4) and shape[0] in (1, 3, 4):
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 3 and array.shape[-1] in (1, 3, 4):
        return array[..., 0] if array.shape[-1] == 1 else array
    raise PromptError(
        f"{what} is an array of shape {list(shape)}: [height, width] or [height, width, channels] "
        "is needed, with 1, 3 or 4 channels."
    )


def from_data_address(address: str) -> bytes:
    """The bytes of "data:image/png;base64,..."; PromptError for another."""
    head, comma, body = address.partition(",")
    if not comma or not head.endswith(";base64"):
        raise PromptError("A data: address of a picture must have ;base64, before its bytes.")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise PromptError(f"The data: address has no valid base64 in it ({exc}).") from exc


def rgb(picture: Image) -> Image:
    """As transformers has it: alpha dropped, a palette resolved, grey three times."""
    if picture.mode == "RGB":
        return picture
    return picture.convert("RGB")
