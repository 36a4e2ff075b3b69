"""The picture model's recipe, as far as it goes without torch: pictures and their names."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures_recipe import pictures

ENTRY = {
    "name": "WAVING HAND & ARM",
    "short_names": ["wave", "hand-wave"],
    "image": "wave.png",
    "category": "People & Body",
    "subcategory": "hand-fingers-open",
    "has_img_google": True,
    "skin_variations": {"1F3FB": {"image": "light.png", "has_img_google": True}},
}


@pytest.fixture
def found(tmp_path: Path) -> list[list[pictures.Picture]]:
    folder = tmp_path / "img/google/64"
    folder.mkdir(parents=True)
    for name, alpha in (("wave.png", 255), ("light.png", 0)):
        Image.new("RGBA", (64, 64), (200, 10, 10, alpha)).save(folder / name)
    others = [{**ENTRY, "category": "Component"}, {**ENTRY, "has_img_google": False}]
    (tmp_path / "emoji.json").write_text(json.dumps([ENTRY, *others]))
    return pictures.read_all(tmp_path)


def test_pictures_are_on_white_and_have_their_names(found: list[list[pictures.Picture]]) -> None:
    [[wave, light]] = found
    assert wave.names == ("waving hand and arm", "wave", "hand wave")
    assert light.names == (
        "waving hand and arm light skin",
        "wave light skin",
        "hand wave light skin",
    )
    assert wave.kind == "hand fingers open"
    assert np.unique(wave.pixels.reshape(-1, 3), axis=0).tolist() == [[200, 10, 10]]
    assert np.unique(light.pixels).tolist() == [255]


def test_a_caption_is_of_the_picture_s_own_words(found: list[list[pictures.Picture]]) -> None:
    rng = random.Random(0)
    made = {pictures.caption(found[0][0], rng) for _ in range(300)}
    words = {"a", "waving", "hand", "and", "arm", "wave", "fingers", "open"}
    assert {word for text in made for word in text.split()} == words
    assert {"wave", "a waving hand and arm"} < made
    assert "" not in made


def test_skin_tones_do_not_outweigh_the_rest(found: list[list[pictures.Picture]]) -> None:
    rng = random.Random(0)
    chosen = [pictures.choose(found, rng) is found[0][1] for _ in range(1000)]
    assert abs(sum(chosen) / 1000 - pictures.VARIATION) < 0.03
