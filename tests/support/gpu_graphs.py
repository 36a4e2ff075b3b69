"""Graphs of one node each that onnxruntime-web computes otherwise on WebGPU, and their neighbours.

TRAPS are wrong there in silence or refused once they run; HARMLESS differ from them by little, and
are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


@dataclass(frozen=True)
class Small:
    """A graph's bytes and what it is fed; `words` is what intab convert says of it on WebGPU, and
    `told` whether the browser can tell from the graph alone."""

    model: bytes
    x: NDArray[np.float32]
    words: list[str] = field(default_factory=list)
    told: bool = True


def small(
    kind: str,
    shape: tuple[int, ...],
    words: str = "",
    *,
    inputs: tuple[str, ...] = ("x",),
    outputs: tuple[str, ...] = ("y",),
    opset: int = 13,
    constants: Mapping[str, Any] | None = None,
    told: bool = True,
    more: float = 0.0,
    **attributes: Any,
) -> Small:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32) + np.float32(more)
    domain, _, name = kind.rpartition(":")
    node = helper.make_node(name, list(inputs), list(outputs), domain=domain, **attributes)
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node],
        "small",
        [info("x", FLOAT, shape)],
        [info(one, INT64 if place else FLOAT, None) for place, one in enumerate(outputs)],
        [numpy_helper.from_array(value, key) for key, value in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    opsets += [helper.make_opsetid(domain, 1)] if domain else []
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return Small(model.SerializeToString(), x, [words] if words else [], told)


def resized(mode: str, scales: list[float], words: str = "", **more: Any) -> Small:
    shape = (1, 6, 6, 2) if scales[3] == 1 else (1, 2, 6, 6)
    given = {"scales": np.array(scales, np.float32)}
    return small(
        "Resize", shape, words, inputs=("x", "", "scales"), constants=given, mode=mode, **more
    )


LAST, FIRST = [1.0, 2.0, 2.0, 1.0], [1.0, 1.0, 2.0, 2.0]
_LAST_WORDS = "Resize of pictures with channels last"
_HEADS: dict[str, Any] = {
    "num_heads": 2,
    "constants": {"mask": np.array([[1, 1, 1, 1, 0, 0]], np.int32)},
}
_MULTI = "com.microsoft:MultiHeadAttention"
_POOL: dict[str, Any] = {"kernel_shape": [2, 2], "strides": [2, 2]}
TRAPS = {
    "ReduceLogSumExp": small(
        "ReduceLogSumExp", (2, 5), "ReduceLogSumExp of large numbers", more=100.0, axes=[1]
    ),
    "Resize of channels last, linear": resized("linear", LAST, _LAST_WORDS),
    "Resize of channels last, cubic": resized("cubic", LAST, _LAST_WORDS),
    "Resize with antialias": resized(
        "linear", [1, 1, 0.5, 0.5], "Resize with antialias=1", opset=18, antialias=1
    ),
    "MaxPool": small(
        "MaxPool", (1, 2, 8, 8), "MaxPool with indices", outputs=("y", "places"), **_POOL
    ),
    "MultiHeadAttention": small(
        _MULTI,
        (1, 6, 8),
        "MultiHeadAttention with key_padding_mask",
        inputs=("x", "x", "x", "", "mask"),
        **_HEADS,
    ),
    "Softmax": small(
        "Softmax", (1, 5, 2, 3), "Softmax over several axes", opset=11, axis=1, told=False
    ),
}
HARMLESS = {
    "Resize, linear": resized("linear", FIRST),
    "Resize, cubic": resized("cubic", FIRST),
    "Resize of channels last, nearest": resized("nearest", LAST),
    "MaxPool": small("MaxPool", (1, 2, 8, 8), **_POOL),
    "MultiHeadAttention": small(_MULTI, (1, 6, 8), inputs=("x", "x", "x"), num_heads=2),
    "Softmax of labels": small("Softmax", (1, 5, 1, 1), opset=11, axis=1),
    "Softmax of one axis": small("Softmax", (1, 5, 2, 3), opset=13, axis=1),
}
HARMLESS = {f"{name}, as it should be": graph for name, graph in HARMLESS.items()}


def right(graph: Small) -> NDArray[np.float32]:
    """What native onnxruntime gives."""
    session = onnxruntime.InferenceSession(graph.model)
    return np.asarray(session.run(["y"], {"x": graph.x})[0], np.float32).reshape(-1)
