"""Makes resizing.json: digests of pictures that Pillow resized, of random sizes.

    PYTHONPATH=. python -m tests.golden.make_resizing

Needs Pillow 12.2.0. The pictures are noise of a formula, which tests/js/resize.test.mjs repeats:
pixel number n of channel c, from 0 on, is ((3 n + c + seed) * 2654435761 mod 2**32) >> 24.
"""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import numpy as np
from PIL import Image

TARGET = Path(__file__).with_name("resizing.json")
ODD = [(1, 1, 1, 1), (1, 1, 7, 5), (1, 90, 3, 8), (480, 640, 224, 224), (480, 640, 224, 298),
       (720, 1280, 256, 455), (33, 33, 33, 66), (10, 20, 20, 20), (224, 224, 224, 224)]  # fmt: skip


def noise(height: int, width: int, seed: int) -> Image.Image:
    """The picture."""
    numbers = (np.arange(height * width * 3, dtype=np.uint64) + seed) * 2654435761 % 2**32
    return Image.fromarray((numbers >> 24).astype(np.uint8).reshape(height, width, 3))


def digest(case: list[int]) -> str:
    """What Pillow makes of it."""
    height, width, tall, wide, resample = case
    resized = noise(height, width, sum(case)).resize((wide, tall), resample=resample)
    return hashlib.sha256(resized.tobytes()).hexdigest()[:16]


def main() -> None:
    """Record the odd sizes and fifty random ones, bilinear and bicubic."""
    dice = random.Random(1)
    some = [tuple(dice.randint(1, 150) for _ in range(4)) for _ in range(50)]
    cases = [[*sizes, resample] for sizes in (*ODD, *some) for resample in (2, 3)]
    rows = ",\n".join(json.dumps([*case, digest(case)]) for case in cases)
    TARGET.write_text(f"[\n{rows}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
