"""A picture classifier for bench/camera.py: SqueezeNet 1.1 with random weights, as a hub's folder.

It computes what the trained one computes; its labels mean nothing. Transformers.js knows no
SqueezeNet, so the config calls it a MobileNet, whose graphs take and give the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, CLASSES = 224, 1000
FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
POOLED = (1, 3)  # fires that a pooling follows
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
PROCESSOR = {
    "image_processor_type": "ViTImageProcessor", "resample": 2,
    "size": {"height": SIDE, "width": SIDE},
    "image_mean": MEAN, "image_std": STD,
}  # fmt: skip


class Writer:
    """Nodes one after the other, and their weights."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(0)

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, x: str, have: int, want: int, side: int, stride: int = 1) -> str:
        """A convolution and its ReLU."""
        shape = (want, have, side, side)
        values = self._random.standard_normal(shape) * (2 / (have * side * side)) ** 0.5
        names = [f"w{len(self.weights)}", f"b{len(self.weights)}"]
        for name, array in zip(names, (values, np.zeros(want)), strict=True):
            self.weights.append(numpy_helper.from_array(array.astype(np.float32), name))
        pad = [0 if stride > 1 else side // 2] * 4
        y = self.node("Conv", [x, *names], kernel_shape=[side] * 2, strides=[stride] * 2, pads=pad)
        return self.node("Relu", [y])

    def fire(self, x: str, have: int, squeeze: int, expand: int) -> str:
        """SqueezeNet's block: few channels, then many from 1 x 1 and 3 x 3."""
        thin = self.conv(x, have, squeeze, 1)
        wide = [self.conv(thin, squeeze, expand, side) for side in (1, 3)]
        return self.node("Concat", wide, axis=1)

    def pool(self, x: str) -> str:
        return self.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)


def write(folder: Path) -> None:
    """The graph, its config and its processor's."""
    writer = Writer()
    x, have = writer.pool(writer.conv("pixel_values", 3, 64, 3, stride=2)), 64
    for number, (squeeze, expand) in enumerate(FIRES):
        x, have = writer.fire(x, have, squeeze, expand), 2 * expand
        x = writer.pool(x) if number in POOLED else x
    x = writer.node("GlobalAveragePool", [writer.conv(x, have, CLASSES, 1)])
    writer.nodes.append(helper.make_node("Flatten", [x], ["logits"]))
    info, float32 = helper.make_tensor_value_info, TensorProto.FLOAT
    graph = helper.make_graph(
        writer.nodes,
        "squeezenet",
        [info("pixel_values", float32, ["batch", 3, SIDE, SIDE])],
        [info("logits", float32, ["batch", CLASSES])],
        writer.weights,
    )
    opsets = [helper.make_opsetid("", 13)]
    (folder / "onnx").mkdir(parents=True)
    onnx.save(
        helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "onnx/model.onnx"
    )
    labels = {str(number): f"thing {number}" for number in range(CLASSES)}
    config = {
        "model_type": "mobilenet_v1",
        "architectures": ["MobileNetV1ForImageClassification"],
        "id2label": labels,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR), encoding="utf-8")
