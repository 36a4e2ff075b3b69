"""The Noto emoji of the npm package emoji-datasource-google, and captions from their Unicode names.

The pictures are Google's, under the Apache License 2.0; names, sub-categories and the package's own
data are under the MIT license. `fetch` asks npm for the package by name; nothing of it is kept in
the repository.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PACKAGE = "emoji-datasource-google@16.0.0"
SIZE = 64
TONES = {
    "1F3FB": "light skin",
    "1F3FC": "medium light skin",
    "1F3FD": "medium skin",
    "1F3FE": "medium dark skin",
    "1F3FF": "dark skin",
}
KIND = 0.15  # of captions say what kind of thing it is besides
SOME_WORDS = 0.2  # of captions have some of the words alone
OTHER_NAME = 0.3  # of captions are another name than Unicode's
VARIATION = 0.12  # of pictures are of a person of one skin tone
ARTICLE = 0.3


@dataclass(frozen=True)
class Picture:
    """A picture [64, 64, 3] on white, and what it may be called, the Unicode name first."""

    pixels: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: str


def fetch(folder: Path) -> Path:
    """The package's folder, asked of npm where it is not there."""
    if not (folder / "package").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True
        )
        with tarfile.open(folder / packed.stdout.decode().strip()) as archive:
            archive.extractall(folder, filter="data")
    return folder / "package"


def read_all(package: Path) -> list[list[Picture]]:
    """Each emoji's picture, then those of its skin tones."""
    known = json.loads((package / "emoji.json").read_text("utf-8"))
    found = [list(_read(entry, package / "img/google/64")) for entry in known]
    return [pictures for pictures in found if pictures]


def _read(entry: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    if not entry["has_img_google"] or entry["category"] == "Component":
        return
    names = tuple(dict.fromkeys([words(entry["name"]), *map(words, entry["short_names"])]))
    kind = words(entry["subcategory"])
    yield Picture(_pixels(folder / entry["image"]), names, kind)
    for codes, other in entry.get("skin_variations", {}).items():
        tones = [TONES[code] for code in codes.split("-") if code in TONES]
        if other["has_img_google"]:
            told = " and ".join(dict.fromkeys(tones))
            named = tuple(f"{name} {told}" for name in names)
            yield Picture(_pixels(folder / other["image"]), named, kind)


def words(name: str) -> str:
    """Small letters and digits, single spaces.

    >>> words("SMILING FACE WITH OPEN MOUTH & cold-sweat")
    'smiling face with open mouth and cold sweat'
    """
    return " ".join(re.findall(r"[a-zà-ÿ0-9]+", name.lower().replace("&", " and ")))


def _pixels(path: Path) -> NDArray[np.uint8]:
    drawn = Image.open(path).convert("RGBA")
    white = Image.new("RGBA", drawn.size, "white")
    return np.asarray(Image.alpha_composite(white, drawn).convert("RGB").resize((SIZE, SIZE)))


def choose(pictures: list[list[Picture]], rng: random.Random) -> Picture:
    """A picture: every emoji equally often, however many skin tones it has."""
    first, *others = rng.choice(pictures)
    return rng.choice(others) if others and rng.random() < VARIATION else first


def caption(picture: Picture, rng: random.Random) -> str:
    """One of the things that somebody may write who wants this picture."""
    name = picture.names[0] if rng.random() > OTHER_NAME else rng.choice(picture.names)
    parts = name.split()
    if rng.random() < SOME_WORDS:
        parts = [part for part in parts if rng.random() < 0.6] or parts
    if rng.random() < KIND:
        parts = [*parts, *picture.kind.split()]
    if rng.random() < ARTICLE:
        parts = ["a", *parts]
    return " ".join(parts)


def captions(pictures: list[list[Picture]]) -> Iterator[str]:
    """Every name and kind, for the tokenizer."""
    for several in pictures:
        for picture in several:
            yield from (f"a {name} {picture.kind}" for name in picture.names)
