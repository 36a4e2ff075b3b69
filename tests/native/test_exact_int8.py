"""int8 products are exact in native onnxruntime, on processors without VNNI too.

There they saturate at 16 bits unless a session asks for exact ones, as both of ours do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from intab.convert.running import Runner
from intab.engine.runtime.graphs import Graph
from intab.native.bodies import FileBody
from intab.native.opening import open_session

WIDTH, COLUMNS = 64, 32
LARGE = np.full((WIDTH, COLUMNS), 127, np.int8)  # 255 * 127 + 255 * 127 is more than 32,767
ROW = np.full((1, WIDTH), 255, np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """x [1, 64] of uint8 -> y [1, 32], its product with large int8 weights."""
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "weights"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, COLUMNS])],
        [numpy_helper.from_array(LARGE, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "product.onnx")
    return tmp_path / "product.onnx"


def test_in_a_loaded_model(path: Path) -> None:
    session = open_session(Graph(path.name, FileBody(path)))
    assert (session.run(None, {"x": ROW})[0] == 255 * 127 * WIDTH).all()


def test_in_the_converters_runner(path: Path) -> None:
    session = Runner(path).session
    assert (session.run(None, {"x": ROW})[0] == 255 * 127 * WIDTH).all()
