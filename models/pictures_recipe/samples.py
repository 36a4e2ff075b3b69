"""What the model makes of prompts that nobody picked, and the training pictures that are nearest.

It needs neither torch nor diffusers: pictures are made by intab, of the folder that is shipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import intab
from pictures_recipe.pictures import Picture

COUNT, COLUMNS = 64, 8
STEPS, GUIDANCE = 20, 5.0
GAP = 4  # pixels between pictures
# Nothing has these names: how far it goes beyond what it has seen.
NEW = (
    *("blue cat", "green heart with eyes", "red car with wings", "purple apple"),
    *("dog with sunglasses", "golden fish", "snowman with a hat of fire", "pink elephant"),
    *("banana with a face", "black rose", "house on the moon", "rainbow frog"),
    *("robot with a crown", "orange moon", "smiling cloud", "blue strawberry"),
)
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Sample:
    """A picture [64, 64, 3] and what was asked for; its seed is its place."""

    prompt: str
    pixels: Pixels


@dataclass(frozen=True)
class Near:
    """The training picture that is nearest to a sample; its distance is the root of the mean
    square over all colours, of 255, and `usual` that from it to the nearest of the others."""

    sample: Sample
    picture: Picture
    distance: float
    usual: float


def prompts_of(pictures: Sequence[Sequence[Picture]]) -> list[str]:
    """Names of the training at even steps through it, then NEW ones; ValueError if one of these is
    a name."""
    names = [several[0].names[0] for several in pictures]
    known = {name for several in pictures for one in several for name in one.names}
    if told := known.intersection(NEW):
        raise ValueError(f"{', '.join(sorted(told))} is a name of the training: say another.")
    count = COUNT - len(NEW)
    return [*(names[place * len(names) // count] for place in range(count)), *NEW]


async def make_all(folder: Path, prompts: Sequence[str]) -> list[Sample]:
    """A picture for each prompt, by the seed that is its place."""
    pipe = await intab.pipeline("text-to-image", folder)
    options = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE}
    found = [await pipe(text, seed=seed, **options) for seed, text in enumerate(prompts)]
    await pipe.close()
    made = [np.asarray(one.images[0]) for one in found]
    return [Sample(text, pixels) for text, pixels in zip(prompts, made, strict=True)]


def nearest(sample: Sample, pictures: Sequence[Sequence[Picture]]) -> Near:
    """Of all emoji and their skin tones."""
    several = [one for each in pictures for one in each]
    picture, distance = _nearest(sample.pixels, several)
    others = [one for one in several if one is not picture]
    return Near(sample, picture, distance, _nearest(picture.pixels, others)[1])


def _nearest(wanted: Pixels, pictures: Sequence[Picture]) -> tuple[Picture, float]:
    away = [_distance(wanted, one.pixels) for one in pictures]
    return pictures[int(np.argmin(away))], min(away)


def _distance(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.mean(np.square(one.astype(np.float32) - other))))


def sheet(pictures: Sequence[Pixels], columns: int = COLUMNS) -> Image.Image:
    """All of them in rows, on white."""
    side = pictures[0].shape[0] + GAP
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * side + GAP, rows * side + GAP), "white")
    for place, pixels in enumerate(pictures):
        row, column = divmod(place, columns)
        whole.paste(Image.fromarray(pixels), (GAP + column * side, GAP + row * side))
    return whole
