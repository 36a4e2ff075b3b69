"""Lines of text on pictures, as PaddleOCR's detectors and recognisers have them.

    found = await detector.run({"x": detector_input(picture)})
    for box in find_lines(found["y"][0, 0], (picture.height, picture.width)):
        seen = await recogniser.run({"x": recogniser_input(cut_out(picture, box))})
        text, score = read_line(seen["y"][0], recogniser.labels)

A detector gives for each pixel how likely it is the midst of a line (DB, "differentiable
binarization"); a recogniser gives for each step of a line how likely each character is (CTC). The
numbers are those of rapidocr's settings. Colours are blue first, as these models are trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.flat_shapes import Points, inside, islands, smallest_rectangle
from intab.engine.media.resizing import Size

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST, MULTIPLE = 736, 32  # pixels of a detector's shorter side; what both sides are multiples of
TALL, WIDE = 48, 320  # pixels of a recogniser's line; how wide one is at least
_LIKELY, _SURE = 0.3, 0.5  # of a pixel, of a line's mean
_GROWTH = 1.6  # lines are found smaller than they are
_SMALL, _THIN = 3, 5  # pixels of the map: lines that are thinner before and after they grow go
_LEVEL = 10  # pixels: lines whose tops are nearer than that stand beside each other
_UPRIGHT = 1.5  # height over width from where on a line is turned
_CORNER = 32  # points of a corner's arc


def detector_input(picture: Image, least: int = LEAST) -> NDArray[np.float32]:
    """An RGB picture as a detector takes it, float32 [1, 3, height, width]: small ones enlarged
    until the shorter side has `least` pixels."""
    scale = max(least / min(picture.size), 1.0)
    width, height = (
        max(round(int(side * scale) / MULTIPLE) * MULTIPLE, MULTIPLE) for side in picture.size
    )
    return _normalised(picture.resize((width, height), resample=2))


def find_lines(likely: NDArray[np.float32], size: Size) -> list[Points]:
    """Where the lines are on a picture of that size (height, width), from the top: four corners of
    each, float32 [4, 2] of x and y, clockwise from the top left."""
    boxes = [_line(likely, island, size) for island in islands(_thick(likely > _LIKELY))]
    return _as_read([box for box in boxes if box is not None])


def _thick(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Each pixel with its neighbours on the right, below and across."""
    found = mask.copy()
    found[1:] |= mask[:-1]
    found[:, 1:] |= mask[:, :-1]
    found[1:, 1:] |= mask[:-1, :-1]
    return found


def _line(likely: NDArray[np.float32], island: Points, size: Size) -> Points | None:
    """The corners on the picture, None if it is too thin or not sure enough."""
    box, thin = smallest_rectangle(island)
    if thin < _SMALL or _mean(likely, box) < _SURE:
        return None
    grown, thin = smallest_rectangle(_grown(box))
    if thin < _THIN:
        return None
    most = np.array(size[::-1])
    scaled = np.clip(np.round(grown / likely.shape[::-1] * most), 0, most)
    corners = np.minimum(_clockwise(scaled.astype(np.int32).astype(np.float32)), most - 1)
    sides = (int(np.linalg.norm(corners[0] - corners[n])) for n in (1, 3))
    return np.asarray(corners, np.float32) if min(sides) > _SMALL else None


def _mean(likely: NDArray[np.float32], box: Points) -> float:
    """The mean over what is in a rectangle."""
    height, width = likely.shape
    low = np.clip(np.floor(box.min(0)), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(box.max(0)), 0, [width - 1, height - 1]).astype(int)
    part = likely[low[1] : high[1] + 1, low[0] : high[0] + 1]
    mask = inside(np.trunc(box - low), part.shape)
    return float(part[mask].mean()) if mask.any() else 0.0


def _grown(box: Points) -> Points:
    """A rectangle's outline moved outwards, its corners rounded, in whole pixels."""
    sides = np.linalg.norm(box - np.roll(box, 1, 0), axis=1)
    distance = sides[0] * sides[1] * _GROWTH / sides.sum()
    angles = np.arange(_CORNER) * (2 * np.pi / _CORNER)
    arc = distance * np.stack([np.cos(angles), np.sin(angles)], -1)
    return np.asarray(np.round(np.trunc(box)[:, None] + arc).reshape(-1, 2), np.float32)


def _clockwise(corners: Points) -> Points:
    """From the top left."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = (half[np.argsort(half[:, 1], kind="stable")] for half in (by_x[:2], by_x[2:]))
    return np.stack([left[0], right[0], right[1], left[1]])


def _as_read(boxes: list[Points]) -> list[Points]:
    """From top to bottom, and from left to right where tops are level."""
    found = sorted(boxes, key=lambda box: (box[0][1], box[0][0]))
    for start in range(len(found) - 1):
        for n in range(start, -1, -1):
            one, other = found[n], found[n + 1]
            if abs(other[0][1] - one[0][1]) >= _LEVEL or other[0][0] >= one[0][0]:
                break
            found[n], found[n + 1] = other, one
    return found


def cut_out(picture: Image, box: Points) -> Image:
    """What is in the four corners, laid level; what stands upright is turned to the left."""
    from PIL import Image

    def side(*ends: int) -> float:
        return float(np.linalg.norm(box[ends[0]] - box[ends[1]]))

    width = max(int(max(side(0, 1), side(2, 3))), 1)
    height = max(int(max(side(0, 3), side(1, 2))), 1)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    # Corners are pixels' middles there, and Pillow counts from their edges.
    given = _perspective(flat + 0.5, box.astype(np.float64) + 0.5)
    kind, cubic = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    found = picture.transform((width, height), kind, given, resample=cubic)
    return found.transpose(Image.Transpose.ROTATE_90) if height / width >= _UPRIGHT else found


def _perspective(before: NDArray[np.float64], after: NDArray[np.float64]) -> list[float]:
    """The eight numbers by which four points become four others, as Pillow takes them."""
    rows, values = [], []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(values))]


def recogniser_input(line: Image) -> NDArray[np.float32]:
    """A line as a recogniser takes it, float32 [1, 3, 48, width], zeros behind a short one."""
    width = max(int(np.ceil(TALL * line.width / line.height)), 1)
    pixels = _normalised(line.resize((width, TALL), resample=2))
    missing = max(WIDE - width, 0)
    return np.pad(pixels, ((0, 0), (0, 0), (0, 0), (0, missing)))


def _normalised(picture: Image) -> NDArray[np.float32]:
    """[1, 3, height, width] of numbers from -1 to 1, blue first."""
    pixels = np.asarray(picture, np.float32)[..., ::-1]
    return np.ascontiguousarray(((pixels / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None], np.float32)


def read_line(scores: NDArray[np.float32], characters: Sequence[str]) -> tuple[str, float]:
    """The text of a line and the mean of its characters' scores, 0 if it has none.

    scores: [steps, classes], of which the first stands for no character, the next for
    `characters`, and one more, if there is one, for a space.
    """
    known = ["", *characters, " "]
    ids = scores.argmax(1)
    told = ids != 0
    told[1:] &= ids[1:] != ids[:-1]
    found = scores.max(1)[told]
    text = "".join(known[number] for number in ids[told])
    return text, float(found.mean()) if len(found) else 0.0
