"""Records what transformers' image processors over Pillow make of pictures.

    python -m tests.golden.make_processors

Needs transformers 5.24.0, torch, torchvision, timm, scipy and Pillow 12.2.0. Writes
tests/golden/processors.json: for each preprocessor_config.json and picture the size, the digest of
the uint8 pixels after resizing and cropping, and the first floats of each channel.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import transformers
from PIL import Image

from tests.engine.support.drawing import SIZES, drawing

HERE = Path(__file__).parent
FLOATS = 5
CONFIGS: list[dict[str, Any]] = [
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 12, "width": 12}},
    {"feature_extractor_type": "ViTFeatureExtractor", "size": 13, "resample": 3},
    {"image_processor_type": "ViTImageProcessor", "size": 14, "resample": 0, "do_normalize": False},
    {"image_processor_type": "ViTImageProcessor", "size": [9, 15], "resample": 1},
    {"image_processor_type": "ViTImageProcessor", "size": 16, "resample": 4, "do_rescale": False},
    {"image_processor_type": "ViTImageProcessor", "size": 11, "resample": 5,
     "image_mean": [0.1, 0.2, 0.3], "image_std": [0.9, 0.8, 0.7], "rescale_factor": 0.0078},
    {"image_processor_type": "DeiTImageProcessor", "size": 20, "crop_size": 15},
    {"image_processor_type": "BeitImageProcessor", "size": 17, "do_center_crop": True,
     "crop_size": 12},
    {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 12},
     "crop_size": {"height": 12, "width": 12}},
    {"image_processor_type": "CLIPImageProcessorFast", "size": 13, "crop_size": 18},
    {"image_processor_type": "ChineseCLIPImageProcessor", "size": {"height": 12, "width": 10},
     "do_center_crop": False},
    {"image_processor_type": "SiglipImageProcessor", "size": {"height": 16, "width": 16}},
    {"image_processor_type": "OwlViTImageProcessor", "size": {"height": 16, "width": 14}},
    {"image_processor_type": "Owlv2ImageProcessor", "size": {"height": 16, "width": 14}},
    {"image_processor_type": "PvtImageProcessor", "size": {"height": 14, "width": 14}},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 14}},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384},
     "resample": 2},
    {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 15, "crop_pct": 0.95},
    {"image_processor_type": "MobileNetV1ImageProcessor", "size": {"shortest_edge": 14},
     "crop_size": {"height": 12, "width": 12}},
    {"image_processor_type": "MobileNetV2ImageProcessor", "size": {"shortest_edge": 17},
     "crop_size": {"height": 15, "width": 14}},
    {"image_processor_type": "MobileViTImageProcessor", "size": {"shortest_edge": 17},
     "crop_size": {"height": 15, "width": 14}},
    {"image_processor_type": "SegformerImageProcessor", "size": {"height": 16, "width": 24},
     "do_reduce_labels": True},
    {"image_processor_type": "DPTImageProcessor", "size": {"height": 16, "width": 16}},
    {"image_processor_type": "DPTImageProcessor", "size": {"height": 30, "width": 20},
     "keep_aspect_ratio": True, "ensure_multiple_of": 4},
    {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 12},
     "crop_size": {"height": 11, "width": 11}},
    {"image_processor_type": "DetrImageProcessor", "size": {"shortest_edge": 20,
     "longest_edge": 33}},
    {"feature_extractor_type": "DetrFeatureExtractor", "size": 24, "max_size": 40},
    {"image_processor_type": "DetrImageProcessor", "size": {"height": 10, "width": 12},
     "pad_size": {"height": 16, "width": 14}},
    {"image_processor_type": "DetrImageProcessor", "size": {"max_height": 20, "max_width": 30}},
    {"image_processor_type": "ConditionalDetrImageProcessor", "size": {"shortest_edge": 21,
     "longest_edge": 37}},
    {"image_processor_type": "DeformableDetrImageProcessor", "size": {"shortest_edge": 19,
     "longest_edge": 30}, "do_pad": False},
    {"image_processor_type": "GroundingDinoImageProcessor", "size": {"shortest_edge": 22,
     "longest_edge": 31}},
    {"image_processor_type": "YolosImageProcessor", "size": {"shortest_edge": 32,
     "longest_edge": 55}},
    {"image_processor_type": "MaskFormerImageProcessor", "size": {"shortest_edge": 40,
     "longest_edge": 70}},
    {"image_processor_type": "Mask2FormerImageProcessor", "size": {"height": 20, "width": 30},
     "size_divisor": 8, "pad_size": {"height": 32, "width": 40}},
    {"image_processor_type": "Mask2FormerImageProcessor", "size": {"shortest_edge": 20,
     "longest_edge": 33}, "size_divisor": 0},
    {"image_processor_type": "DonutImageProcessor", "size": {"height": 30, "width": 20}},
    {"feature_extractor_type": "DonutFeatureExtractor", "size": [22, 33],
     "do_align_long_axis": True, "resample": 3},
    {"image_processor_type": "NougatImageProcessor", "size": {"height": 30, "width": 20}},
    {"image_processor_type": "NougatImageProcessor", "size": {"height": 30, "width": 20},
     "do_align_long_axis": True, "do_crop_margin": False},
    {"feature_extractor_type": "GLPNFeatureExtractor", "size_divisor": 8, "resample": 2},
    {"image_processor_type": "BlipImageProcessor", "size": {"height": 14, "width": 14}},
    {"image_processor_type": "EfficientNetImageProcessor", "size": {"height": 16, "width": 16},
     "resample": 0, "image_std": [0.47853944, 0.4732864, 0.47434163]},
    {"image_processor_type": "EfficientNetImageProcessor", "size": {"height": 19, "width": 18},
     "do_center_crop": True, "crop_size": {"height": 16, "width": 16}, "include_top": False,
     "rescale_factor": 1 / 127.5, "rescale_offset": True, "do_normalize": False},
    {"feature_extractor_type": "LevitFeatureExtractor", "size": 14, "crop_size": 14},
    {"image_processor_type": "LevitImageProcessor", "size": {"height": 15, "width": 17},
     "crop_size": 14},
    {"feature_extractor_type": "PoolFormerFeatureExtractor", "size": 14, "crop_size": 14},
    {"image_processor_type": "PoolFormerImageProcessor", "size": {"height": 17, "width": 17},
     "crop_pct": 0.95, "crop_size": 17},
    {"image_processor_type": "PoolFormerImageProcessor", "size": {"height": 16, "width": 20},
     "crop_pct": 1.0, "crop_size": 15},
    {"image_processor_type": "DPTImageProcessor", "do_resize": False, "do_pad": True,
     "size_divisor": 14, "rescale_factor": 1, "image_mean": [123.675, 116.28, 103.53],
     "image_std": [58.395, 57.12, 57.375]},
    {"image_processor_type": "DPTImageProcessor", "size": {"height": 30, "width": 21},
     "do_pad": True, "size_divisor": 16},
    {"image_processor_type": "DINOv3ViTImageProcessorFast", "size": {"height": 16, "width": 16}},
    {"image_processor_type": "DINOv3ViTImageProcessor", "size": {"height": 24, "width": 20},
     "resample": 3, "do_center_crop": True, "crop_size": 21},
    *({"image_processor_type": "TimmWrapperImageProcessor", "pretrained_cfg": cfg} for cfg in (
        {"input_size": [3, 16, 16], "crop_pct": 0.95, "interpolation": "bicubic",
         "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        {"input_size": [3, 21, 21], "interpolation": "bilinear", "crop_mode": "center",
         "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "num_classes": 10},
        {"input_size": [3, 16, 14], "crop_pct": 0.9, "crop_mode": "squash"},
    )),
    {"image_processor_type": "RTDetrImageProcessor", "size": {"height": 20, "width": 20}},
]  # fmt: skip
UNSCALED = {"do_rescale": False, "do_normalize": False}
FLOATING = ("Owlv2", "DINOv3")  # whose pictures are resized as floats


def processor_of(config: dict[str, Any]) -> Any:
    named = config.get("image_processor_type") or config["feature_extractor_type"]
    name = named.removesuffix("Fast").replace("FeatureExtractor", "ImageProcessor")
    rest = {k: v for k, v in config.items() if not k.endswith("_type")}
    kind = getattr(transformers, f"{name}Pil", None) or getattr(transformers, name)
    return kind(**rest)


def record(config: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    picture = Image.fromarray(drawing(*size))
    try:
        processor = processor_of(config)
        if isinstance(processor, transformers.TimmWrapperImageProcessor):
            return of_floats(processor(picture)["pixel_values"][0].numpy(), None)
        found = processor(picture, return_tensors="np")["pixel_values"][0]
        top = {"include_top": False} if hasattr(processor, "include_top") else {}
        plain = processor(picture, return_tensors="np", **UNSCALED, **top)["pixel_values"][0]
    except (ValueError, ZeroDivisionError) as exc:
        return {"error": f"{type(exc).__name__}: {exc}"}
    plain = np.ascontiguousarray(plain)
    assert plain.dtype == np.uint8
    resized_first = not type(processor).__name__.startswith(FLOATING)
    digest = hashlib.sha256(plain.tobytes()).hexdigest() if resized_first else None
    return of_floats(found, digest)


def of_floats(found: Any, digest: str | None) -> dict[str, Any]:
    return {
        "shape": list(found.shape),
        "sha256": digest,
        "floats": [[float(v) for v in channel.reshape(-1)[:FLOATS]] for channel in found],
    }


def main() -> None:
    cases = [
        {"config": config, "pictures": {name: record(config, size) for name, size in SIZES.items()}}
        for config in CONFIGS
    ]
    made = f"transformers {transformers.__version__}, Pillow {PIL.__version__}"
    text = json.dumps({"made": made, "cases": cases}, separators=(",", ":"))
    (HERE / "processors.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
