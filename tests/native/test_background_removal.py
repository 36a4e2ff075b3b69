"""background-removal gives what Transformers.js' steps come to over Pillow, and rembg's."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import intab
from intab.engine.tasks.pipeline import Pipeline
from intab.errors import OptionError, UnsupportedModelError
from tests.conftest import ROOT
from tests.engine.support.drawing import SIZES, drawing
from tests.golden.make_cutouts import LAYOUTS, picture, write_graph
from tests.native.test_plain_network import write_doubling

CASES = json.loads((ROOT / "tests/golden/cutouts.json").read_text("utf-8"))["cases"]


def folder_of(name: str, tmp_path: Path) -> Path:
    write_graph(tmp_path / "model.onnx", name)
    if settings := LAYOUTS[name][3]:
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings), "utf-8")
    return tmp_path


async def opened(name: str, tmp_path: Path) -> Pipeline:
    return await intab.pipeline("background-removal", folder_of(name, tmp_path))


@pytest.mark.parametrize("name", LAYOUTS)
async def test_as_the_reference(name: str, tmp_path: Path) -> None:
    pipe = await opened(name, tmp_path)
    for case in (case for case in CASES if case["layout"] == name):
        given = picture(case["picture"], case["channels"])
        found: Image.Image = await pipe(given)
        assert (found.mode, found.size) == ("RGBA", given.size)
        assert np.array_equal(np.asarray(found)[..., :3], np.asarray(given.convert("RGB")))
        alpha = np.asarray(found)[..., 3].reshape(-1)
        wanted = np.frombuffer(base64.b64decode(case["mask"]), np.uint8)
        apart = np.abs(alpha.astype(int) - wanted)
        assert apart.max() <= 1
        assert (apart == 0).mean() >= 0.99
        mask = await pipe(given, return_mask=True)
        assert (mask.mode, mask.tobytes()) == ("L", found.getchannel("A").tobytes())
    await pipe.close()


async def test_several_pictures_and_a_black_one(tmp_path: Path) -> None:
    pipe = await opened("u2net", tmp_path)
    pictures: list[Any] = [drawing(*SIZES["wide"]), np.zeros((3, 5, 3), np.uint8)]
    found = await pipe(pictures, batch_size=2)
    assert [one.size for one in found] == [(40, 23), (5, 3)]


async def test_a_u2net_may_be_fed_otherwise(tmp_path: Path) -> None:
    """Then nothing is stretched."""
    pipe = await opened("u2net", tmp_path)
    sized = {"image_processor_kwargs": {"size": [320, 320], "do_normalize": False}}
    plain = await pipe(drawing(9, 9), return_mask=True, **sized)
    assert plain.tobytes() != (await pipe(drawing(9, 9), return_mask=True)).tobytes()


async def test_what_cannot_be_is_an_error(tmp_path: Path) -> None:
    pipe = await opened("rmbg", tmp_path)
    with pytest.raises(OptionError, match="return_mask must be True or False"):
        await pipe(drawing(9, 9), return_mask=1)
    with pytest.raises(OptionError, match="There is no option 'threshold'"):
        await pipe(drawing(9, 9), threshold=0.5)
    (tmp_path / "alone").mkdir()
    alone_path = write_graph(tmp_path / "alone/model.onnx", "rmbg")
    alone = await intab.pipeline("background-removal", alone_path)
    with pytest.raises(OptionError, match=r"no preprocessor_config\.json"):
        await alone(drawing(9, 9))
    path = write_doubling(tmp_path / "odd.onnx", rows=1)
    with pytest.raises(UnsupportedModelError, match="not one number for each pixel"):
        await intab.pipeline("background-removal", path)
