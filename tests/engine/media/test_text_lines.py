"""Lines of text are where rapidocr finds them, and read as it reads them."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from intab.engine.media.flat_shapes import hull, inside, islands, smallest_rectangle
from intab.engine.media.text_lines import (
    cut_out,
    detector_input,
    find_lines,
    read_line,
    recogniser_input,
)
from tests.conftest import ROOT
from tests.engine.support.drawing import drawing

PICTURES = json.loads((ROOT / "tests/golden/text_lines.json").read_text("utf-8"))
SIZES = {"page": (200, 420), "turned": (220, 300), "wide": (90, 640)}


def likely(found: dict[str, Any]) -> NDArray[np.float32]:
    """The detector's map that was recorded."""
    levels = np.frombuffer(zlib.decompress(base64.b85decode(found["map"])), np.uint8)
    return levels.reshape(found["shape"]).astype(np.float32) / np.float32(255)


@pytest.mark.parametrize("name", PICTURES)
def test_lines_are_rapidocrs(name: str) -> None:
    found = find_lines(likely(PICTURES[name]), SIZES[name])
    wanted = np.array(PICTURES[name]["boxes"])
    assert len(found) == len(wanted)
    assert np.abs(np.array(found) - wanted).max() <= 1  # pixel


@pytest.mark.parametrize("name", PICTURES)
def test_texts_are_rapidocrs(name: str) -> None:
    for line in PICTURES[name]["lines"]:
        known = {int(number): character for number, character in line["characters"].items()}
        classes = max(known) + 1
        scores = np.zeros((len(line["ids"]), classes), np.float32)
        scores[np.arange(len(scores)), line["ids"]] = line["scores"]
        text, score = read_line(scores, [known.get(n, "?") for n in range(1, classes)])
        assert text == line["text"]
        assert score == pytest.approx(line["score"], abs=2e-4)


def test_a_line_of_nothing_and_a_space() -> None:
    assert read_line(np.eye(1, 4, dtype=np.float32), ["a", "b"]) == ("", 0)
    steps = np.eye(4, dtype=np.float32)[[1, 1, 0, 1, 3, 2]]
    assert read_line(steps, ["a", "b"]) == ("aa b", 1)


def near(picture: Image.Image, wanted: NDArray[np.uint8]) -> bool:
    """Whether it has these pixels, of which Pillow may round some otherwise by a level."""
    found = np.asarray(picture, int)
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max() <= 1)


def test_what_is_cut_out_has_its_size_and_its_pixels() -> None:
    picture = Image.fromarray(drawing(97, 131))
    box = np.array([[10, 20], [70, 20], [70, 50], [10, 50]], np.float32)
    assert near(cut_out(picture, box), drawing(97, 131)[20:50, 10:70])
    upright = np.array([[10, 20], [30, 20], [30, 80], [10, 80]], np.float32)
    turned = np.rot90(drawing(97, 131)[20:80, 10:30])
    assert near(cut_out(picture, upright), turned)


def test_what_models_take() -> None:
    picture = Image.fromarray(drawing(97, 131))
    pixels = detector_input(picture)
    assert pixels.shape == (1, 3, 736, 992)
    assert pixels.dtype == np.float32
    assert detector_input(picture, 32).shape == (1, 3, 96, 128)
    assert detector_input(Image.fromarray(drawing(1, 1)), 1).shape == (1, 3, 32, 32)
    line = recogniser_input(Image.new("RGB", (48, 48), (255, 0, 0)))
    assert line.shape == (1, 3, 48, 320)
    assert [line[0, channel, 5, 5] for channel in range(3)] == [-1, -1, 1]
    assert not line[..., 48:].any()
    assert recogniser_input(Image.new("RGB", (480, 24))).shape == (1, 3, 48, 960)


def test_nothing_is_found_where_nothing_is() -> None:
    assert find_lines(np.zeros((32, 64), np.float32), (32, 64)) == []
    dot = np.zeros((32, 64), np.float32)
    dot[5, 5] = 1
    faint = np.full((32, 64), 0.4, np.float32)
    assert find_lines(dot, (32, 64)) == find_lines(faint, (32, 64)) == []


def test_shapes() -> None:
    mask = np.zeros((5, 7), np.bool_)
    mask[0, :2] = mask[1, 2] = mask[4, 4:] = mask[3, 6] = True
    assert sorted(len(points) for points in islands(mask)) == [4, 4]
    square = np.array([[0, 2], [2, 0], [4, 2], [2, 4], [2, 2]], np.float32)
    corners, side = smallest_rectangle(square)
    assert side == pytest.approx(8**0.5)
    assert np.allclose(sorted(corners.tolist()), sorted(hull(square).tolist()))
    assert inside(square, (5, 5)).sum() == 13
    assert smallest_rectangle(np.array([[3, 3]], np.float32))[1] == 0
