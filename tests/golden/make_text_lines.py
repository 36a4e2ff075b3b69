"""Records what rapidocr makes of drawn pictures: text_lines.json.

    PYTHONPATH=. python -m tests.golden.make_text_lines

Needs rapidocr-onnxruntime 1.4.4; recorded with Pillow 13.0.0. For each picture: the detector's map,
in levels of 255 and what is below 26 left out, and the boxes that rapidocr finds in it; the best
class of each step of each line with its score, and the texts.
"""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rapidocr_onnxruntime import RapidOCR

TARGET = Path(__file__).with_name("text_lines.json")
FAINT = 26
# Size of the picture, and texts with their places, heights of letters, and how far they are turned.
PICTURES: dict[str, tuple[tuple[int, int], list[tuple[str, int, int, int, int]]]] = {
    "page": (
        (420, 200),
        [("Once upon a time", 20, 20, 32, 0), ("a fox went", 20, 90, 28, 0),
         ("home 1234", 220, 94, 26, 0), ("THE END", 130, 150, 24, 0)],
    ),
    "turned": ((300, 220), [("Little harbour", 30, 70, 30, 12)]),
    "wide": ((640, 90), [("No smoking, please!", 40, 25, 36, 0)]),
}  # fmt: skip


def picture(name: str) -> Image.Image:
    """It drawn."""
    size, texts = PICTURES[name]
    whole = Image.new("RGB", size, "white")
    for text, x, y, height, turned in texts:
        sheet = Image.new("L", size, 0)
        font = ImageFont.load_default(height)
        ImageDraw.Draw(sheet).text((x, y), text, fill=255, font=font)
        sheet = sheet.rotate(turned, resample=Image.Resampling.BICUBIC)
        whole.paste((20, 20, 60), (0, 0), sheet)
    return whole


def main() -> None:
    """Record all."""
    reader = RapidOCR()
    found = {name: record(reader, picture(name)) for name in PICTURES}
    rows = ",\n".join(f'"{name}": {json.dumps(row)}' for name, row in found.items())
    TARGET.write_text(f"{{\n{rows}\n}}\n", encoding="utf-8")


def record(reader: Any, drawn: Image.Image) -> dict[str, Any]:
    """What rapidocr finds, step by step."""
    blue_first = np.ascontiguousarray(np.asarray(drawn)[..., ::-1])
    detector = reader.text_det
    process = detector.get_preprocess(max(blue_first.shape[:2]))
    levels = np.rint(detector.infer(process(blue_first))[0] * 255).astype(np.uint8)
    levels[levels < FAINT] = 0
    size = blue_first.shape[:2]
    raw, _ = detector.postprocess_op(levels.astype(np.float32) / np.float32(255), size)
    boxes = reader.sorted_boxes(detector.filter_tag_det_res(raw, size))
    lines = [steps(reader, line) for line in reader.get_crop_img_list(blue_first, boxes)]
    packed = base64.b85encode(zlib.compress(levels.tobytes(), 9)).decode()
    return {
        "shape": levels.shape[2:],
        "map": packed,
        "boxes": [np.asarray(box).astype(int).tolist() for box in boxes],
        "lines": lines,
    }


def steps(reader: Any, line: Any) -> dict[str, Any]:
    """The best class of each step, its score, and the text."""
    recogniser = reader.text_rec
    height, width = line.shape[:2]
    pixels = recogniser.resize_norm_img(line, max(320 / 48, width / height))
    scores = recogniser.session(pixels[None].astype(np.float32))[0]
    [(text, score)] = recogniser.postprocess_op(scores)
    known = recogniser.postprocess_op.character
    ids = scores[0].argmax(1).tolist()
    return {
        "size": [height, width],
        "characters": {str(n): known[n] for n in sorted(set(ids))},
        "ids": ids,
        "scores": [round(float(one), 4) for one in scores[0].max(1)],
        "text": text,
        "score": round(score, 4),
    }


if __name__ == "__main__":
    main()
