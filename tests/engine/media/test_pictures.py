"""Files and arrays become pictures, or an error says why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from intab.engine.media import pictures
from intab.errors import PromptError
from tests.engine.support.drawing import drawing
from tests.engine.support.saving import saved

PIXELS = drawing(6, 9)


PNG = saved(Image.fromarray(PIXELS))


def test_a_file_is_decoded_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = pictures.decoded(pictures.open_file(saved(Image.fromarray(PIXELS), exif=exif)))
    assert np.array_equal(np.asarray(found), np.rot90(PIXELS, -1))
    assert pictures.is_picture(found)
    assert not pictures.is_picture(PIXELS)
    cmyk = saved(Image.fromarray(PIXELS).convert("CMYK"), "TIFF")
    assert pictures.decoded(pictures.open_file(cmyk)).mode == "RGB"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "The picture is empty"),
        (b"none", "is not a picture of a kind that is known"),
        (b"<svg/>", "is a drawing"),
        (b"<html>", "is a web page"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "cannot be read here .heic."),
        (PNG[:60], "damaged"),
        (saved(Image.fromarray(drawing(64, 64)), "JPEG")[:-900], "is cut off"),
    ],
)
def test_what_is_no_picture(data: bytes, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        pictures.decoded(pictures.open_file(data))


@pytest.mark.parametrize(
    ("array", "mode"),
    [
        (PIXELS, "RGB"),
        (PIXELS.transpose(2, 0, 1), "RGB"),
        (PIXELS[..., 0], "L"),
        (PIXELS[..., :1], "L"),
        (drawing(4, 4, 4), "RGBA"),
        (PIXELS / 255, "RGB"),
        (PIXELS.astype(np.int32), "RGB"),
        (PIXELS[..., 0] > 9, "L"),
    ],
)
def test_arrays(array: Any, mode: str) -> None:
    assert pictures.from_array(array).mode == mode
    assert pictures.rgb(pictures.from_array(array)).mode == "RGB"


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 3, 5)), "an array of shape"),
        (np.zeros((0, 3), np.uint8), "has no pixels"),
        (np.full((2, 2), 1.5), "has floats beyond"),
        (np.full((2, 2), 256), "its numbers are not all from 0 to 255"),
    ],
)
def test_arrays_that_are_none(array: Any, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        pictures.from_array(array)


def test_sizes_and_addresses() -> None:
    with pytest.raises(PromptError, match="is too large: 10,000 x 10,000"):
        pictures.check_size(10_000, 10_000)
    assert pictures.from_data_address("data:image/png;base64,YWI=") == b"ab"
    for address in ("data:,a", "data:;base64,a"):
        with pytest.raises(PromptError, match="base64"):
            pictures.from_data_address(address)
    assert "no picture at x" in str(pictures.not_there("x"))
