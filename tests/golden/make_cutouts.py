"""Records what Transformers.js' background-removal, and rembg for U2-Net, come to in numpy and PIL.

    python -m tests.golden.make_cutouts

Needs onnx, onnxruntime, numpy and Pillow 12.2.0. Writes tests/golden/cutouts.json: the masks of
graphs that `write_graph` makes, in base64. The steps are those of
https://github.com/huggingface/transformers.js/blob/main/packages/transformers/src/pipelines/image-segmentation.js
over Pillow's resizing, and those of https://github.com/danielgatis/rembg (`normalize` and `predict`
of its sessions).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from tests.engine.support.drawing import SIZES, drawing

HERE = Path(__file__).parent
HALF = {"do_normalize": True, "do_rescale": True, "do_resize": True, "do_pad": False,
        "feature_extractor_type": "ImageFeatureExtractor", "resample": 2,
        "rescale_factor": 0.00392156862745098, "image_mean": [0.5, 0.5, 0.5]}  # fmt: skip
# What the folders have: the input's shape, its outputs, whether these are shares already, and the
# preprocessor's file; as Xenova/modnet, briaai/RMBG-1.4, BiRefNet and rembg's u2netp.onnx have it.
LAYOUTS: dict[str, Any] = {
    "modnet": (["b", 3, "h", "w"], ["output"], True, {
        **HALF, "image_std": [0.5, 0.5, 0.5], "size": {"shortest_edge": 48},
        "size_divisibility": 32,
    }),
    "rmbg": (["b", 3, 40, 40], ["output"], True, {
        **HALF, "image_std": [1, 1, 1], "size": {"width": 40, "height": 40},
    }),
    "birefnet": (["b", 3, 40, 40], ["output_image"], False, {
        **HALF, "image_std": [0.229, 0.224, 0.225], "image_mean": [0.485, 0.456, 0.406],
        "feature_extractor_type": "ViTFeatureExtractor", "size": {"width": 40, "height": 40},
    }),
    "u2net": ([1, 3, 320, 320], ["d0", "d1", "d2"], True, None),
}  # fmt: skip
PICTURES = [("wide", 3), ("tall", 3), ("square", 1), ("odd", 4), ("dot", 3)]


def write_graph(path: Path, name: str) -> Path:
    """A filter over the picture, and a sigmoid for those that give shares."""
    shape, outputs, shares, _ = LAYOUTS[name]
    random = np.random.default_rng(3)
    nodes, constants = [], []
    for at, output in enumerate(outputs):
        weights = random.normal(0, 0.6, (1, 3, 5, 5)).astype(np.float32)
        constants.append(numpy_helper.from_array(weights, f"w{at}"))
        result = f"raw{at}" if shares else output
        nodes.append(helper.make_node("Conv", ["input", f"w{at}"], [result], pads=[2] * 4))
        if shares:
            nodes.append(helper.make_node("Sigmoid", [result], [output]))
    infos = [
        helper.make_tensor_value_info(one, TensorProto.FLOAT, [shape[0], 1, *shape[2:]])
        for one in outputs
    ]
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, name, [given], infos, constants)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def picture(name: str, channels: int) -> Image.Image:
    pixels = drawing(*SIZES[name], channels)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def fed(image: Image.Image, settings: dict[str, Any] | None) -> NDArray[np.float32]:
    """[1, 3, height, width]."""
    if settings is None:
        pixels = np.array(image.resize((320, 320), Image.Resampling.LANCZOS))
        scaled = pixels / max(np.max(pixels), 1e-6)
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    else:
        width, height = image.size
        size = settings["size"]
        if short := size.get("shortest_edge"):
            scale = short / min(width, height)
            divisor = settings["size_divisibility"]
            wanted = tuple(int(side * scale) // divisor * divisor for side in (width, height))
        else:
            wanted = (size["width"], size["height"])
        scaled = np.array(image.resize(wanted, Image.Resampling.BILINEAR))
        scaled = scaled * settings["rescale_factor"]
        mean, std = settings["image_mean"], settings["image_std"]
    normal = (scaled - np.array(mean)) / np.array(std)
    return np.asarray(normal.transpose(2, 0, 1)[None], np.float32)


def mask_of(path: Path, name: str, image: Image.Image) -> NDArray[np.uint8]:
    settings = LAYOUTS[name][3]
    session = onnxruntime.InferenceSession(path)
    found = session.run(None, {"input": fed(image, settings)})[0][0, 0]
    if settings is None:
        found = (found - found.min()) / (found.max() - found.min())
        grey = Image.fromarray((found.clip(0, 1) * 255).astype("uint8"))
        return np.asarray(grey.resize(image.size, Image.Resampling.LANCZOS))
    if (found < -1e-5).any() or (found > 1 + 1e-5).any():
        found = 1 / (1 + np.exp(-found))
    grey = Image.fromarray((found * 255).astype("uint8"))
    return np.asarray(grey.resize(image.size, Image.Resampling.BILINEAR))


def main() -> None:
    cases = []
    for name in LAYOUTS:
        path = write_graph(HERE / f"{name}.onnx", name)
        for which, channels in PICTURES:
            mask = mask_of(path, name, picture(which, channels).convert("RGB"))
            data = base64.b64encode(mask.tobytes()).decode()
            cases.append({"layout": name, "picture": which, "channels": channels, "mask": data})
        path.unlink()
    text = json.dumps({"cases": cases}, separators=(",", ":"))
    (HERE / "cutouts.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
