"""Records what transformers makes of what mask classifiers (DETR, MaskFormer, Mask2Former) give.

    python -m tests.golden.make_segments

Needs torch and transformers 5.24.0. Writes tests/golden/segments.json: for each call of the
image-segmentation pipeline's postprocess its records, masks as packed bits in base64. The outputs
of the models are `outputs_of` a seed, so that they need not be kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.engine.support.segments import CLASSES, NAMES, outputs_of

HERE = Path(__file__).parent
SIZES = [(30, 45), (37, 11)]  # of pictures
THRESHOLDS = [
    {},
    {"threshold": 0.5, "overlap_mask_area_threshold": 0.8},
    {"threshold": 0.3, "mask_threshold": 0.2, "overlap_mask_area_threshold": 0.1},
]
CALLS: list[dict[str, Any]] = [
    *THRESHOLDS,
    *({"subtask": "instance", **one} for one in THRESHOLDS),
    {"subtask": "semantic"},
]


def record(family: str, seed: int, size: tuple[int, int], options: dict[str, Any]) -> Any:
    import torch
    import transformers
    from transformers.pipelines.image_segmentation import ImageSegmentationPipeline

    from tests.golden.make_pictures import packed

    kind = {"detr": "Detr", "maskformer": "MaskFormer", "mask2former": "Mask2Former"}[family]
    pipe = object.__new__(ImageSegmentationPipeline)
    pipe.image_processor = getattr(transformers, f"{kind}ImageProcessorPil")()
    names = {n: f"LABEL_{n}" for n in range(CLASSES)}
    pipe.model = type("Model", (), {"config": type("Config", (), {"id2label": names})})
    found = transformers.utils.ModelOutput(
        zip(NAMES[family], map(torch.from_numpy, outputs_of(seed)), strict=True)
    )
    found["target_size"] = [size]
    return packed(pipe.postprocess(found, **options))


def main() -> None:
    cases = [
        {"family": family, "seed": seed, "size": size, "options": options,
         "result": record(family, seed, size, options)}
        for family in NAMES for seed in range(3) for size in SIZES for options in CALLS
    ]  # fmt: skip
    text = json.dumps({"cases": cases}, separators=(",", ":"))
    (HERE / "segments.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
