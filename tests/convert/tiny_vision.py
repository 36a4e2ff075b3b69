"""Tiny vision models, made from a seed: configs here, tensors by name.

The names and shapes, and torch's outputs for `feeds`, are in vision.json, which make_vision.py
writes from transformers' own models; weights are drawn from each tensor's name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tests.convert import tiny
from tests.convert.tiny import write_config

GOLDEN = Path(__file__).with_name("vision.json")
VOCABULARY, LENGTH, SHORT = 259, 12, 7
_SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
}
_LABELS = {"id2label": {"0": "cat", "1": "dog", "2": "fox"}}
_WIDE = {**_SIZES, "image_size": [32, 48], "num_detection_tokens": 5, **_LABELS}
_TEXT = {
    **{name: _SIZES[name] for name in ("intermediate_size", "num_hidden_layers")},
    "hidden_size": 48,
    "num_attention_heads": 4,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 16,
    "bos_token_id": 0,
}
_RESNET = {
    "model_type": "resnet",
    "embedding_size": 4,
    "hidden_sizes": [16, 32, 64, 128],
    "depths": [1, 2, 1, 1],
    "out_features": ["stage4"],
}
_DETR = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 40,
    "num_queries": 5,
    **_LABELS,
}
_BASIC = {"layer_type": "basic", "downsample_in_first_stage": True, "hidden_act": "gelu"}
_CLIP = {"vision_config": {**_SIZES, "hidden_act": "gelu"}, "projection_dim": 24}
# Case -> transformers' class, config.json, and the size of the pictures.
CASES: dict[str, tuple[str, dict[str, Any], tuple[int, int]]] = {
    "vit": ("ViTForImageClassification", {**_SIZES, **_LABELS}, (32, 32)),
    "vit features": ("ViTModel", {**_SIZES, "hidden_act": "gelu_new"}, (32, 32)),
    "yolos": ("YolosForObjectDetection", {**_WIDE, "use_mid_position_embeddings": False}, (40, 56)),
    "yolos middle": ("YolosForObjectDetection", _WIDE, (48, 24)),
    "detr": (
        "DetrForObjectDetection",
        {**_DETR, "use_timm_backbone": False, "backbone_config": _RESNET},
        (104, 72),
    ),
    "detr basic": (
        "DetrForObjectDetection",
        {**_DETR, "use_timm_backbone": False, "backbone_config": {**_RESNET, **_BASIC}},
        (70, 133),
    ),
    "detr timm": (
        "DetrForObjectDetection",
        {**_DETR, "backbone": "resnet18", "dilation": True},
        (64, 96),
    ),
    "clip": ("CLIPModel", {**_CLIP, "text_config": {**_TEXT, "eos_token_id": 258}}, (32, 32)),
    "clip old": (
        "CLIPModel",
        {"vision_config": _SIZES, "text_config": {**_TEXT, "eos_token_id": 2}, "projection_dim": 8},
        (32, 32),
    ),
}
OUTPUTS = {
    "vit": ("logits",),
    "vit features": ("last_hidden_state",),
    "yolos": ("logits", "pred_boxes"),
    "detr": ("logits", "pred_boxes"),
    "clip": ("logits_per_image", "logits_per_text", "text_embeds", "image_embeds"),
}


def outputs_of(case: str) -> tuple[str, ...]:
    return OUTPUTS.get(case) or OUTPUTS[case.split()[0]]


def config_of(case: str) -> dict[str, Any]:
    kind, config, _ = CASES[case]
    return {"model_type": case.split()[0], **config, "architectures": [kind]}


def feeds(case: str) -> dict[str, NDArray[Any]]:
    """Two pictures; of CLIP three texts, of which one has padding."""
    rng = np.random.default_rng(5)
    found: dict[str, NDArray[Any]] = {
        "pixel_values": rng.standard_normal((2, 3, *CASES[case][2])).astype(np.float32)
    }
    if case.startswith("clip"):
        ids = rng.integers(3, VOCABULARY - 1, (3, LENGTH))
        ids[:, -1] = VOCABULARY - 1
        ids[1, SHORT - 1 :] = VOCABULARY - 1
        found |= {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        found["attention_mask"][1, SHORT:] = 0
    return found


def golden() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return recorded


def tensor(case: str, name: str, shape: list[int]) -> NDArray[np.float32]:
    """A tensor drawn from its name; CLIP's scale is no matrix, variances are not negative, and
    DETR's convolutions keep the size of what they see."""
    if not shape:
        return np.full((), 1.5, np.float32)
    found = tiny.tensor(case, name, shape)
    if name.endswith("running_mean"):
        return found - 1
    if name.endswith("running_var"):
        return np.abs(found)
    if "query_position" in name or "encoder_attn.out_proj.weight" in name:
        return found * 4  # so that queries look at different things
    if case.startswith("detr") and len(shape) == 4:
        return found * np.float32((2 * min(shape) / np.prod(shape[1:])) ** 0.5)
    return found


def write_checkpoint(folder: Path, case: str, **changes: Any) -> Path:
    """The case's checkpoint with its processor, and a byte tokenizer; returns the folder."""
    write_config(folder, {**config_of(case), **changes})
    shapes = golden()["cases"][case]["tensors"]
    save_file(
        {name: tensor(case, name, shape) for name, shape in shapes.items()},
        folder / "model.safetensors",
    )
    size = {"height": 32, "width": 32}
    if "logits" in outputs_of(case) and len(outputs_of(case)) > 1:  # a detector
        size = {"shortest_edge": 32, "longest_edge": 48}
    kind = {"v": "ViT", "y": "Yolos", "c": "CLIP", "d": "Detr"}[case[0]]
    processor = {
        "image_processor_type": f"{kind}ImageProcessor",
        "size": size,
        **({"crop_size": size} if kind == "CLIP" else {}),
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), encoding="utf-8")
    return folder
