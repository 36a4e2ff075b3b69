"""Records what transformers' pipelines of pictures answer on tiny random checkpoints, as ONNX.

    python -m tests.golden.make_pictures

Needs torch, transformers 5.24.0, Pillow 12.2.0 and onnx. Writes tests/golden/pictures/NAME/,
folders as a hub has them, and tests/golden/pictures.json: for each folder the calls and their
results. The pictures are drawing(height, width, channels) of tests/engine/support/drawing.py.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import transformers
from PIL import Image

from tests.engine.support.drawing import SIZES, drawing
from tests.golden.make_pipelines import VOCABULARY, rounded, tokenizer_of

HERE = Path(__file__).parent
WORDS = ["cat", "dog", "bird", "tree", "car", "house", "sea"]
LABELS = {"id2label": dict(enumerate(WORDS)), "label2id": {w: i for i, w in enumerate(WORDS)}}
LAYERS = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
          "intermediate_size": 24, "initializer_range": 0.5}  # fmt: skip
SIGHT = {**LAYERS, "image_size": 16, "patch_size": 4}
TEXT = {**LAYERS, "vocab_size": len(VOCABULARY), "max_position_embeddings": 64,
        "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}  # fmt: skip
RESNET = {"embedding_size": 8, "hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1],
          "layer_type": "basic", "out_features": ["stage4"]}  # fmt: skip
FREE = {0: "batch", 2: "height", 3: "width"}
FIXED = {0: "batch"}
SQUARE = {"size": {"height": 16, "width": 16}}
# Folder: config, architecture, processor and its settings, names and axes of outputs, input's axes.
FOLDERS: dict[str, Any] = {
    "vit-labels": (
        transformers.ViTConfig(**SIGHT, **LABELS), "ForImageClassification", "ViT", SQUARE,
        ["logits"], FIXED,
    ),
    "vit-features": (
        transformers.ViTConfig(**SIGHT), "Model", "ViT", SQUARE,
        ["last_hidden_state", "pooler_output"], FIXED,
    ),
    "convnext-labels": (
        transformers.ConvNextConfig(
            hidden_sizes=[4, 6, 8, 8], depths=[1, 1, 1, 1], initializer_range=0.5, **LABELS
        ),
        "ForImageClassification", "ConvNext", {"size": {"shortest_edge": 40}}, ["logits"], FREE,
    ),
    "clip": (
        transformers.CLIPConfig(text_config=TEXT, vision_config=SIGHT, projection_dim=12),
        "Model", "CLIP",
        {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}},
        ["logits_per_image"], FIXED,
    ),
    "siglip": (
        transformers.SiglipConfig(text_config={**TEXT, "projection_size": 16}, vision_config=SIGHT),
        "Model", "Siglip", SQUARE, ["logits_per_image"], FIXED,
    ),
    "dpt-depth": (
        transformers.DPTConfig(
            **{**LAYERS, "num_hidden_layers": 4}, image_size=32, patch_size=8,
            backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 8, 8],
            reassemble_factors=[4, 2, 1, 0.5], fusion_hidden_size=8, is_hybrid=False,
        ),
        "ForDepthEstimation", "DPT", {"size": {"height": 32, "width": 32}},
        ["predicted_depth"], FIXED,
    ),
    "segformer": (
        transformers.SegformerConfig(
            depths=[1, 1, 1, 1], hidden_sizes=[4, 8, 8, 8], num_attention_heads=[1, 1, 1, 1],
            decoder_hidden_size=8, initializer_range=0.5, id2label=dict(enumerate(WORDS[:4])),
            label2id={w: i for i, w in enumerate(WORDS[:4])},
        ),
        "ForSemanticSegmentation", "Segformer", {"size": {"height": 32, "width": 32}},
        ["logits"], FIXED,
    ),
    "detr": (
        transformers.DetrConfig(
            use_timm_backbone=False, use_pretrained_backbone=False, backbone=None,
            backbone_config=transformers.ResNetConfig(**RESNET), d_model=16, encoder_layers=1,
            decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
            encoder_ffn_dim=16, decoder_ffn_dim=16, num_queries=6, init_std=0.5,
            id2label=dict(enumerate(WORDS[:3])), label2id={w: i for i, w in enumerate(WORDS[:3])},
        ),
        "ForObjectDetection", "Detr", {"size": {"shortest_edge": 64, "longest_edge": 100}},
        ["logits", "pred_boxes"], FREE,
    ),
    "yolos": (
        transformers.YolosConfig(
            **{**LAYERS, "num_hidden_layers": 2}, image_size=[32, 48], patch_size=16,
            num_detection_tokens=5, id2label=dict(enumerate(WORDS[:3])),
            label2id={w: i for i, w in enumerate(WORDS[:3])},
        ),
        "ForObjectDetection", "Yolos", {"size": {"shortest_edge": 32, "longest_edge": 55}},
        ["logits", "pred_boxes"], FREE,
    ),
}  # fmt: skip
TASKS = {
    "ForImageClassification": "image-classification",
    "ForDepthEstimation": "depth-estimation",
    "ForSemanticSegmentation": "image-segmentation",
    "ForObjectDetection": "object-detection",
}
SIZE = {"image_processor_kwargs": {"resample": 0}}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "image-classification": [
        {}, {"top_k": 2}, {"top_k": 99}, {"function_to_apply": "sigmoid"},
        {"function_to_apply": "NONE", "top_k": 3},
    ],
    "image-feature-extraction": [{}, {"pool": True}, SIZE],
    "zero-shot-image-classification": [
        {"candidate_labels": ["cat", "dog ran", "a good film"]},
        {"candidate_labels": ["mat", "cat"], "hypothesis_template": "the {} sat"},
        {"candidate_labels": ["cat"]},
    ],
    "depth-estimation": [{}],
    "image-segmentation": [{}, {"subtask": "semantic"}],
    "object-detection": [{"threshold": 0.0}, {"threshold": 0.4}, {}],
}  # fmt: skip
CHANGED = {"vit-labels": [{}, {"problem_type": "multi_label_classification"}]}
# Channels: 3 is RGB, 1 grey, 4 has alpha.
PICTURES = [("wide", 3), ("tall", 3), ("square", 1), ("odd", 4), ("dot", 3)]


def picture(name: str, channels: int) -> Image.Image:
    pixels = drawing(*SIZES[name], channels)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def export(name: str, model: Any, processor: Any, folder: Path) -> None:
    *_, outputs, axes = FOLDERS[name]
    given = [processor(picture("wide", 3).convert("RGB"), return_tensors="pt")["pixel_values"]]
    inputs, dynamic = ["pixel_values"], {"pixel_values": axes, **{o: {0: "batch"} for o in outputs}}
    if outputs == ["logits_per_image"]:
        ids = torch.tensor([[2, 5, 6, 3], [2, 7, 3, 0]])
        given = [ids, given[0]]
        inputs = ["input_ids", "pixel_values"]
        dynamic |= {"input_ids": {0: "texts", 1: "tokens"}, outputs[0]: {0: "batch", 1: "texts"}}
        if name == "clip":
            given, inputs = [*given, (ids > 0).long()], [*inputs, "attention_mask"]
            dynamic["attention_mask"] = {0: "texts", 1: "tokens"}
        else:
            dynamic["input_ids"] = {0: "texts"}
            given[0] = torch.nn.functional.pad(ids, (0, 60))

    class Wrapped(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, *feeds: torch.Tensor) -> Any:
            found = self.inner(**dict(zip(inputs, feeds, strict=True)))
            return tuple(found[one] for one in outputs)

    (folder / "onnx").mkdir(exist_ok=True)
    path = folder / "onnx/model.onnx"
    torch.onnx.export(
        Wrapped().eval(), tuple(given), str(path), input_names=inputs, output_names=outputs,
        dynamic_axes=dynamic, opset_version=18, dynamo=False,
    )  # fmt: skip
    graph = onnx.load(path)
    for node in graph.graph.node:  # where in torch they came from is of no use here
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    onnx.save(graph, path)


def make(name: str) -> list[dict[str, Any]]:
    config, architecture, kind, settings, *_ = FOLDERS[name]
    folder = HERE / "pictures" / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    config._attn_implementation = "eager"
    family = type(config).__name__.replace("Config", "")
    model = getattr(transformers, family + architecture)(config).eval()
    for module in model.modules():  # what would stay at its start, and so see nothing
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.3)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    processor = getattr(transformers, f"{kind}ImageProcessorPil")(**settings)
    processor.save_pretrained(folder)
    tokenizer = tokenizer_of(folder, ["input_ids", "attention_mask"]) if name == "clip" else None
    if name == "siglip":
        tokenizer = tokenizer_of(folder, ["input_ids"])
    export(name, model, processor, folder)
    task = TASKS.get(architecture, "image-feature-extraction")
    task = "zero-shot-image-classification" if tokenizer else task
    found = []
    for change in CHANGED.get(name, [{}]):
        for key, value in change.items():
            setattr(model.config, key, value)
        found.append(answers(name, task, model, processor, tokenizer, change))
    return found


def answers(
    name: str, task: str, model: Any, processor: Any, tokenizer: Any, change: dict[str, str]
) -> dict[str, Any]:
    more = {"tokenizer": tokenizer} if tokenizer else {}
    pipe = transformers.pipeline(task, model=model, image_processor=processor, **more)
    calls = []
    for options in OPTIONS[task]:
        for which, channels in PICTURES:
            if which == "dot" and name in ("detr", "dpt-depth", "yolos"):
                continue  # one colour has no objects, and one depth is an error there
            result = packed(pipe(picture(which, channels), **options))
            calls.append(
                {"picture": which, "channels": channels, "options": options, "result": result}
            )
    return {"folder": name, "task": task, "config": change, "calls": calls}


def packed(value: Any) -> Any:
    """Masks and tensors in base64: bits, grey levels, float32."""
    if isinstance(value, Image.Image):
        pixels = np.asarray(value)
        if set(np.unique(pixels)) <= {0, 255}:
            data, kind = np.packbits(pixels > 0), "bits"
        else:
            data, kind = pixels, "grey"
        return {"kind": kind, "shape": pixels.shape, "data": coded(data)}
    if isinstance(value, torch.Tensor):
        data = value.detach().numpy().astype(np.float32)
        return {"kind": "float32", "shape": data.shape, "data": coded(data)}
    if isinstance(value, list) and value and isinstance(value[0], list):
        return packed(torch.tensor(value))
    if isinstance(value, list):
        return [packed(one) for one in value]
    return {k: packed(v) for k, v in value.items()} if isinstance(value, dict) else rounded(value)


def coded(data: Any) -> str:
    return base64.b64encode(data.tobytes()).decode()


def main() -> None:
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "cases": [case for name in FOLDERS for case in make(name)],
    }
    text = json.dumps(found, separators=(",", ":"))
    (HERE / "pictures.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
