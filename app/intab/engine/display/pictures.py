"""Pictures as bytes: arrays of pixels, PIL's images, matplotlib's figures.

It imports none of these libraries: a program that has such a value has imported its library.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np

_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> PNG's colour type
_LEAST = 4  # pixels a side: a smaller array of bytes is a matrix


def picture_type(data: bytes) -> str | None:
    """The media type of a picture's bytes by how they begin; None if they are none."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)


def is_picture(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array is pixels: [height, width] of bytes, or [height, width, 3 or 4]."""
    if array.ndim not in (2, 3) or min(array.shape[:2]) < _LEAST:
        return False
    if array.ndim == 2:
        return bool(array.dtype == np.uint8)
    return array.shape[2] in (3, 4) and bool(array.dtype == np.uint8 or array.dtype.kind == "f")


def as_png(array: np.ndarray[Any, Any]) -> bytes:
    """A PNG of pixels [height, width] or [height, width, channels]; floats run from 0 to 1."""
    if array.dtype.kind == "f":
        array = np.rint(np.clip(np.nan_to_num(array), 0, 1) * 255)
    pixels = np.ascontiguousarray(array, dtype=np.uint8)
    height, width = pixels.shape[:2]
    colour = _COLOURS[pixels.shape[2] if pixels.ndim == 3 else 1]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    # Each row begins with the number of its filter: 0, none.
    rows = np.zeros((height, pixels.size // height + 1), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    data = zlib.compress(rows.data, 1)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def figure_png(figure: Any) -> bytes:
    """A matplotlib figure as a PNG."""
    into = io.BytesIO()
    figure.savefig(into, format="png", bbox_inches="tight")
    return into.getvalue()


def is_figure(value: Any) -> bool:
    """Whether it is a matplotlib figure, by what it can do."""
    return hasattr(value, "savefig") and hasattr(value, "axes")
