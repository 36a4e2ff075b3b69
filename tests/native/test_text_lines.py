"""The docs' program for text in pictures, over graphs that find black bars and read "hi"."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import intab
from intab.errors import PromptError, UnsupportedModelError
from tests.conftest import ROOT

CORNERS = [[[30, 20], [200, 20], [200, 40], [30, 40]], [[30, 60], [100, 60], [100, 80], [30, 80]]]
MOST = 16  # pixels that a line is found larger
SCORES = np.eye(3, dtype=np.float32)[None, [0, 1, 1, 0, 2]]


def write(path: Path, nodes: list[onnx.NodeProto], **constants: np.ndarray) -> None:
    info = helper.make_tensor_value_info
    x = info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])
    y = info("y", TensorProto.FLOAT, None)
    values = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, path.stem, [x], [y], values)
    opset = [helper.make_opsetid("", 21)]
    path.parent.mkdir(exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), path)


def write_recogniser(folder: Path, labels: str) -> None:
    node = helper.make_node
    recogniser = [
        node("ReduceMean", ["x"], ["mean"], keepdims=0),
        node("Mul", ["mean", "none"], ["zero"]),
        node("Add", ["scores", "zero"], ["y"]),
    ]
    write(folder / "rec.onnx", recogniser, none=np.zeros((), np.float32), scores=SCORES)
    (folder / "labels.txt").write_text(labels)


def test_the_program_of_the_docs(tmp_path: Path) -> None:
    node = helper.make_node
    detector = [
        node("ReduceMean", ["x", "axis"], ["mean"]),
        node("Mul", ["mean", "half"], ["less"]),
        node("Sub", ["most", "less"], ["y"]),
    ]
    half = np.array(0.5, np.float32)
    write(tmp_path / "ocr/det.onnx", detector, axis=np.array([1]), half=half, most=half)
    write_recogniser(tmp_path / "ocr", "h\ni\n")
    pixels = np.full((100, 300, 3), 255, np.uint8)
    pixels[20:40, 30:200] = pixels[60:80, 30:100] = 0
    Image.fromarray(pixels).save(tmp_path / "page.png")
    text = (ROOT / "docs/pipelines.md").read_text("utf-8")
    [program] = [
        found
        for found in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        if "intab.text_lines" in found
    ]
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    for line, corners in zip(lines, CORNERS, strict=True):
        assert line.startswith("hi 1.0 ")
        box = ast.literal_eval(line.removeprefix("hi 1.0 "))
        assert np.abs(np.array(box) - corners).max() <= MOST


async def test_what_it_cannot_read(tmp_path: Path) -> None:
    same = [helper.make_node("Identity", ["x"], ["y"])]
    write(tmp_path / "one/det.onnx", same)
    write(tmp_path / "two/rec.onnx", same)
    (tmp_path / "two/labels.txt").write_text("a\nb\n")
    detector = await intab.network(tmp_path / "one")
    recogniser = await intab.network(tmp_path / "two")
    picture = Image.new("RGB", (80, 40), "white")
    with pytest.raises(PromptError, match=r"not on str: pass what await intab\.image"):
        await intab.text_lines("page.png", detector, recogniser)
    with pytest.raises(UnsupportedModelError, match=r"put labels\.txt beside it"):
        await intab.text_lines(picture, detector, detector)
    with pytest.raises(UnsupportedModelError, match="no graph of PaddleOCR's that reads a line"):
        await intab.text_lines(picture, detector, recogniser)
    write_recogniser(tmp_path / "three", "a\nb\nc\n")
    other = await intab.network(tmp_path / "three")
    with pytest.raises(UnsupportedModelError, match="tells 3 characters apart, and 3 stand"):
        await intab.text_lines(picture, detector, other)
    for network in (detector, recogniser, other):
        await network.close()
