"""intab.image: a PIL.Image of whatever a user has, and clear words for what is no picture."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import intab
from intab.errors import PromptError
from tests.engine.support.drawing import drawing
from tests.engine.support.saving import saved
from tests.native.test_extras import run_without
from tests.support.serving import serving

PIXELS = drawing(6, 9)


PNG = saved(Image.fromarray(PIXELS))


async def test_every_source_gives_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a picture.png"
    path.write_bytes(PNG)
    address = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    sources = [PNG, bytearray(PNG), memoryview(PNG), path, str(path), address, PIXELS]
    sources += [Image.fromarray(PIXELS), Image.open(path), PIXELS.transpose(2, 0, 1)]
    sources += [PIXELS.astype(np.int64), (PIXELS / 255).astype(np.float64)]
    for source in sources:
        found = await intab.image(source)
        assert (found.mode, found.size) == ("RGB", (9, 6))
        assert np.array_equal(np.asarray(found), PIXELS), type(source)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16"])
async def test_modes_stay_as_pillow_has_them(mode: str) -> None:
    image = Image.new(mode, (4, 3), 1) if mode == "I;16" else Image.fromarray(PIXELS).convert(mode)
    assert (await intab.image(saved(image))).mode == mode


async def test_cmyk_becomes_rgb_and_an_animation_its_first_frame() -> None:
    cmyk = Image.fromarray(PIXELS).convert("CMYK")
    assert (await intab.image(saved(cmyk, "JPEG"))).mode == "RGB"
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue")]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (await intab.image(moving)).convert("RGB").getpixel((2, 2)) == (255, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_picture_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = await intab.image(saved(Image.fromarray(PIXELS), exif=exif))
    assert found.size == ((9, 6) if orientation < 5 else (6, 9))
    turned = {1: PIXELS, 2: PIXELS[:, ::-1], 3: PIXELS[::-1, ::-1], 6: np.rot90(PIXELS, -1)}
    if orientation in turned:
        assert np.array_equal(np.asarray(found), turned[orientation])


def bomb(width: int, height: int) -> bytes:
    """The head of a PNG that says so, and no pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + name + body
        data += struct.pack(">I", zlib.crc32(name + body))
    return data


CUT_OFF = saved(Image.fromarray(drawing(64, 64)), "JPEG")[:-900]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"", "The picture is empty"),
        (b"no picture at all", "is not a picture of a kind that is known: use JPEG, PNG"),
        (b"<svg xmlns='x'></svg>", "is a drawing .SVG., which has no pixels"),
        (b"<!doctype html><p>404", "is a web page, not a picture"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "of a kind that cannot be read here .heic."),
        (PNG[:60], "The picture is (cut off or )?damaged"),
        (CUT_OFF, "The picture is cut off"),
        (bomb(12_000, 9_000), "is too large: 12,000 x 9,000 pixels, and at most 89,478,485"),
        (bomb(60_000, 60_000), "is too large"),
        ("data:image/png,abc", "must have ;base64"),
        ("data:image/png;base64,a", "no valid base64"),
        (np.zeros((2, 3, 5)), r"an array of shape \[2, 3, 5\]"),
        (np.zeros(4), r"an array of shape \[4\]"),
        (np.zeros((0, 3), np.uint8), "has no pixels: 3 x 0"),
        (np.full((2, 2), 1.5), "has floats beyond 0 to 1"),
        (np.full((2, 2), np.nan), "has floats beyond 0 to 1"),
        (np.full((2, 2), 256), "an array of int64, and its numbers are not all from 0 to 255"),
        (np.array([["a"]]), "an array of <U1"),
        (7, "A picture is a path, an address, bytes, a numpy array or a PIL.Image, not int"),
        ("no/such.png", "such.png cannot be read .No such file or directory.: check the path"),
    ],
)
async def test_what_is_no_picture(source: Any, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        await intab.image(source)


async def test_arrays_of_other_kinds() -> None:
    grey = await intab.image(PIXELS[..., :1])
    assert grey.mode == "L"
    yes = await intab.image(PIXELS[..., 0] > 100)
    assert set(np.unique(np.asarray(yes))) == {0, 255}
    assert (await intab.image(drawing(5, 5, 4))).mode == "RGBA"


async def test_a_picture_of_an_address(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    with serving(tmp_path) as served:
        assert (await intab.image(f"{served.address}/a.png")).size == (9, 6)
        with pytest.raises(PromptError, match=r"no picture at .*b\.png"):
            await intab.image(f"{served.address}/b.png")


def test_without_pillow_it_is_said_what_to_install() -> None:
    done = run_without(["PIL"], "import intab; intab.run_sync(intab.image(b'x'))")
    assert "DeviceError: Reading pictures needs pillow, which is not installed; try:" in done.stderr
    assert "'pillow" in done.stderr


def test_a_start_does_not_import_pillow() -> None:
    code = "import intab; from intab.platform import loader; loader(); print('PIL' in sys.modules)"
    assert run_without([], code).stdout == "False\n"
