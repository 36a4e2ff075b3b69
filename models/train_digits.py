"""Trains the network of the gallery's drawn digit and writes models/digits: seconds on one core.

    python models/train_digits.py

Needs scikit-learn 1.9.1 and onnx. The digits are scikit-learn's own: 1,797 of 13 people, 8 x 8
pixels of grey. The last fifth of them is only for the score; most of it is by people who wrote
none of the others.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy.ndimage import affine_transform
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

OUT = Path(__file__).resolve().parent / "digits" / "onnx" / "model.onnx"
HELD_OUT = 360
COPIES = 12  # of each digit, each changed otherwise

Pixels = NDArray[np.float64]  # [count, 8, 8], from 0 for paper to 1 for ink


def changed(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Turned, leaning, larger or smaller, thicker or thinner: as visitors draw."""
    middle = np.array([3.5, 3.5])
    tilts = np.eye(2) + random.normal(0, 0.12, (len(pixels), 2, 2))
    asides = middle - tilts @ middle + random.normal(0, 0.3, (len(pixels), 2))
    moved = [affine_transform(*one, order=1) for one in zip(pixels, tilts, asides, strict=True)]
    power = np.exp(random.normal(0, 0.3, (len(pixels), 1, 1)))
    return np.stack(moved) ** power


def train(pixels: Pixels, digits: NDArray[np.int64]) -> MLPClassifier:
    random = np.random.default_rng(0)
    more = np.concatenate([pixels, *(changed(pixels, random) for _ in range(COPIES))])
    network = MLPClassifier((256,), alpha=1e-3, batch_size=200, max_iter=20, random_state=0)
    return network.fit(more.reshape(len(more), 64), np.tile(digits, COPIES + 1))


def graph_of(network: MLPClassifier) -> onnx.ModelProto:
    """pixels [n, 8, 8] -> shares [n, 10]: two products with a ReLU between, and a softmax."""
    names = ["w1", "w2", "b1", "b2"]
    arrays = [one.astype(np.float32) for one in (*network.coefs_, *network.intercepts_)]
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["inner"]),
        helper.make_node("Gemm", ["inner", "w2", "b2"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["shares"]),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 8, 8])],
        [helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(array, name) for array, name in zip(arrays, names, strict=True)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def main() -> None:
    flat, digits = load_digits(return_X_y=True)
    pixels = flat.reshape(-1, 8, 8) / 16
    network = train(pixels[:-HELD_OUT], digits[:-HELD_OUT])
    right = network.predict(pixels[-HELD_OUT:].reshape(-1, 64)) == digits[-HELD_OUT:]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(graph_of(network), OUT)
    print(f"{right.mean():.1%} of {HELD_OUT} right; {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
