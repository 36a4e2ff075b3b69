"""Networks over onnxruntime in CPython, whatever their graphs are for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from intab.engine.runtime.graphs import DecoderGraphs, Graph
from intab.errors import DeviceError, RunError, UnsupportedModelError
from intab.native.bodies import FileBody, NativeBody
from intab.native.runtime import NativeRuntime
from tests.engine.support.network_contract import CONTRACT, Check
from tests.support.identity_graph import write_identity


def graph_of(path: Path) -> Graph[NativeBody]:
    return Graph(path.name, FileBody(path))


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_onnxruntime_keeps_the_contract(check: Check, tmp_path: Path) -> None:
    await check(await NativeRuntime().open(graph_of(write_identity(tmp_path / "g.onnx")), "cpu"))


async def test_a_graph_that_is_no_decoder_opens_and_is_refused_as_one(tmp_path: Path) -> None:
    graph = graph_of(write_identity(tmp_path / "g.onnx"))
    network = await NativeRuntime().open(graph, "cpu")
    assert "logits" not in {info.name for info in network.outputs}
    with pytest.raises(UnsupportedModelError, match="no output named logits"):
        await NativeRuntime().open_decoder(DecoderGraphs(graph, {}), "cpu")


async def test_what_onnxruntime_refuses_to_load(tmp_path: Path) -> None:
    path = tmp_path / "g.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(DeviceError, match=r"cannot load g\.onnx"):
        await NativeRuntime().open(graph_of(path), "cpu")


async def test_what_onnxruntime_refuses_to_run(tmp_path: Path) -> None:
    """An id beyond a table of three."""
    table = helper.make_tensor("table", TensorProto.FLOAT, [3], [1, 2, 3])
    gather = helper.make_node("Gather", ["table", "ids"], ["y"])
    given = helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])
    graph = helper.make_graph([gather], "table", [given], [made], [table])
    opset = [helper.make_opsetid("", 21)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), tmp_path / "g.onnx")
    network = await NativeRuntime().open(graph_of(tmp_path / "g.onnx"), "cpu")
    with pytest.raises(RunError, match=r"onnxruntime failed: .*ids|onnxruntime failed: .*idx"):
        await network.run({"ids": np.array([7])})
    found = await network.run({"ids": np.array([2, 0])})
    assert found["y"].tolist() == [3, 1]
