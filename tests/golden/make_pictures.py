"""Records what transformers' pipelines of pictures answer on tiny random checkpoints, as ONNX.

    python -m tests.golden.make_pictures [FOLDER ...]

Needs torch, transformers 5.24.0, Pillow 12.2.0 and onnx. Writes tests/golden/pictures/NAME/,
folders as a hub has them, and tests/golden/pictures.json: for each folder the calls and their
results. The pictures are drawing(height, width, channels) of tests/engine/support/drawing.py.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image

from tests.engine.support.drawing import SIZES, drawing
from tests.golden.make_pipelines import rounded, tokenizer_of
from tests.golden.picture_models import FOLDERS, spread
from tests.support.exporting import forget_origins

HERE = Path(__file__).parent
TASKS = {
    "ForImageClassification": "image-classification",
    "ForDepthEstimation": "depth-estimation",
    "ForSemanticSegmentation": "image-segmentation",
    "ForObjectDetection": "object-detection",
    "ForInstanceSegmentation": "image-segmentation",
}
READING = {
    **dict.fromkeys(("clip", "siglip"), "zero-shot-image-classification"),
    **dict.fromkeys(("owlvit", "owlv2"), "zero-shot-object-detection"),
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
    "zero-shot-object-detection": [
        {"candidate_labels": ["cat", "dog ran", "a good film"]},
        {"candidate_labels": "mat,cat", "threshold": 0.3},
        {"candidate_labels": ["cat", "the dog sat"], "top_k": 3, "threshold": 0.0},
    ],
    "depth-estimation": [{}],
    "image-segmentation": [{}, {"subtask": "semantic"}],
    "object-detection": [{"threshold": 0.0}, {"threshold": 0.4}, {}],
}  # fmt: skip
LOW = {"threshold": 0.05, "mask_threshold": 0.02, "overlap_mask_area_threshold": 0.1}
OF_QUERIES: list[dict[str, Any]] = [
    {}, LOW, {"subtask": "panoptic", **LOW, "overlap_mask_area_threshold": 0.7},
    {"subtask": "instance", "threshold": 0.05}, {"subtask": "instance"}, {"subtask": "semantic"},
]  # fmt: skip
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
    if outputs == ["logits_per_image"] or name.startswith("owl"):
        ids = torch.tensor([[2, 5, 6, 3], [2, 7, 3, 0]])
        given = [ids, given[0]]
        inputs = ["input_ids", "pixel_values"]
        dynamic |= {"input_ids": {0: "texts", 1: "tokens"}, outputs[0]: {0: "batch", 1: "texts"}}
        if name.startswith("owl"):
            dynamic[outputs[0]] = {0: "batch", 2: "texts"}
        if name != "siglip":
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
    forget_origins(path)


def make(name: str) -> list[dict[str, Any]]:
    config, architecture, kind, settings, *_ = FOLDERS[name]
    folder = HERE / "pictures" / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    config._attn_implementation = "eager"
    family = type(config).__name__.replace("Config", "")
    model = getattr(transformers, family + architecture)(config).eval()
    spread(name, model)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    processor = getattr(transformers, f"{kind}ImageProcessorPil")(**settings)
    processor.save_pretrained(folder)
    tokenizer = None
    if name in READING:
        names = ["input_ids"] if name == "siglip" else ["input_ids", "attention_mask"]
        tokenizer = tokenizer_of(folder, names)
    export(name, model, processor, folder)
    task = TASKS.get(architecture, "image-feature-extraction")
    task = READING.get(name, task)
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
    for options in OF_QUERIES if name == "maskformer" else OPTIONS[task]:
        for which, channels in PICTURES:
            if which == "dot" and name in ("detr", "dpt-depth", "yolos"):
                continue  # one colour has no objects, and one depth is an error there
            if (which, name) == ("odd", "maskformer"):
                continue  # two queries are the same there, to the last digits
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
    """All folders, or those that are named."""
    path = HERE / "pictures.json"
    names = sys.argv[1:] or list(FOLDERS)
    known = json.loads(path.read_text("utf-8"))["cases"] if sys.argv[1:] else []
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "cases": [
            *(case for case in known if case["folder"] not in names),
            *(case for name in names for case in make(name)),
        ],
    }
    text = json.dumps(found, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
