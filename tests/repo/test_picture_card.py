"""The picture model's card, as far as it goes without a trained model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures_recipe import card, samples
from pictures_recipe.pictures import Picture
from pictures_recipe.samples import Sample
from tests.conftest import ROOT

TINY = ROOT / "tests/golden/diffusion/tiny"


def flat(level: int, name: str = "", kind: str = "") -> Picture:
    return Picture(np.full((64, 64, 3), level, np.uint8), (name or f"grey {level}",), kind)


PICTURES = [[flat(10), flat(20)], [flat(60)], [flat(200)]]


def test_prompts_are_names_at_even_steps_then_words_that_are_none() -> None:
    pictures = [[flat(0, f"name {number}")] for number in range(480)]
    prompts = samples.prompts_of(pictures)
    assert len(prompts) == samples.COUNT
    assert prompts[:3] == ["name 0", "name 10", "name 20"]
    assert prompts[-16:] == list(samples.NEW)
    with pytest.raises(ValueError, match="blue cat is a name of the training"):
        samples.prompts_of([*pictures, [flat(0, "blue cat")]])


async def test_each_prompt_has_its_seed() -> None:
    one, two = await samples.make_all(TINY, ["a fox", "a fox"])
    assert one.pixels.shape == (32, 32, 3)
    assert not np.array_equal(one.pixels, two.pixels)


def test_the_nearest_picture_and_how_near_others_are() -> None:
    found = samples.nearest(Sample("dark", flat(22).pixels), PICTURES)
    assert found.picture is PICTURES[0][1]
    assert (found.distance, found.usual) == (2.0, 10.0)


def test_a_sheet_has_rows() -> None:
    whole = samples.sheet([flat(level).pixels for level in (10, 20, 60)], columns=2)
    assert whole.size == (2 * 68 + 4, 2 * 68 + 4)
    places = [(4, 4), (72, 4), (4, 72), (72, 72)]
    assert [whole.getpixel(at) for at in places] == [(n,) * 3 for n in (10, 20, 60, 255)]


def test_the_card_is_filled(tmp_path: Path) -> None:
    folder, build = tmp_path / "emoji", tmp_path / "build"
    (build / "fp32/unet").mkdir(parents=True)
    (build / "fp32/unet/model.onnx").write_bytes(bytes(8_000_000))
    for name in ("autoencoder", "denoiser"):
        (build / f"{name}.csv").write_text("step,seconds,loss\n1,1.0,9\n1200,90.0,0.25\n")
    folder.mkdir()
    files = {"unet/model_q8f32.onnx": {"size": 2_100_000}, "model_index.json": {"size": 400_000}}
    roles = {"unet": {"q8f32": ["unet/model_q8f32.onnx"]}}
    psnr = {"q8f32": {"unet": 51.5, "picture": 44.0}}
    (folder / "intab.json").write_text(json.dumps({"files": files, "roles": roles, "psnr": psnr}))
    made = [Sample(f"prompt {n}", flat(n).pixels) for n in range(16)]
    card.write_card(folder, build, PICTURES, made)
    text = (folder / "README.md").read_text("utf-8")
    assert "of 2.0 million parameters" in text
    assert "2.5 MB in all" in text
    assert "in 3 minutes" in text
    assert "It has seen 3 emoji, 4 pictures" in text
    assert "| unet | q8f32 | 2.10 | 51.5 |\n| the picture | q8f32 | | 44.0 |" in text
    assert "2. prompt 8, prompt 9" in text
    assert "| prompt 8 | grey 10 | 2.0 | 10.0 |" in text
    assert "$" not in text
    for name, size in (("samples.png", (548, 140)), ("nearest.png", (140, 140))):
        assert f"]({name})" in text
        with Image.open(folder / name) as image:
            assert image.size == size
    assert "Apache License" in (folder / "LICENSE").read_text("utf-8")
