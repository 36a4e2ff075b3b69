"""intab.network: any graph by its file or its folder, fed named arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import intab
from intab.errors import (
    DeviceError,
    IntabError,
    ModelClosedError,
    ModelNotFoundError,
    OptionError,
    RunError,
)


def write_doubling(path: Path, rows: int | str = "rows") -> Path:
    """y = x + x, z = -x; x is a picture with its channels last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = [rows, 2, 2, 3]
    x, y, z = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y", "z")
    )
    nodes = [helper.make_node("Add", ["x", "x"], ["y"]), helper.make_node("Neg", ["x"], ["z"])]
    graph = helper.make_graph(nodes, "doubling", [x], [y, z])
    opset = [helper.make_opsetid("", 21)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), path)
    return path


X = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("digits.onnx", "digits.onnx"),  # by its path
        ("digits.onnx", ""),  # the only one of a folder
        ("model.onnx", ""),
        ("onnx/model_fp16.onnx", ""),
        ("onnx/odd name 1.onnx", "onnx/odd name 1.onnx"),
    ],
)
async def test_a_graph_is_found_and_runs(tmp_path: Path, file: str, asked: str) -> None:
    write_doubling(tmp_path / file)
    network = await intab.network(tmp_path / asked)
    found = await network.run({"x": X})
    assert list(found) == ["y", "z"]
    assert np.array_equal(found["y"], X + X)
    assert list(await network.run({"x": X}, ["z"])) == ["z"]
    assert (network.dtype, network.device) == ("fp16" if "fp16" in file else "fp32", "cpu")


async def test_what_it_takes_and_gives_is_said(tmp_path: Path) -> None:
    network = await intab.network(write_doubling(tmp_path / "digits.onnx"))
    [x], [y, _] = network.inputs, network.outputs
    assert (x.name, x.dtype, x.shape) == ("x", "float32", (None, 2, 2, 3))
    assert (y.name, y.shape) == ("y", (None, 2, 2, 3))
    assert "x (float32 [?, 2, 2, 3]) -> y (float32 [?, 2, 2, 3]), z" in repr(network)
    assert network.labels == []
    assert await intab.network(tmp_path / "digits.onnx") is network


@pytest.mark.parametrize(
    ("feeds", "outputs", "kind", "says"),
    [
        ({"X": X}, None, RunError, r"no input 'X': the graph takes x \(float32 \[2, 2, 2, 3\]\)"),
        ({}, None, RunError, "The input x is missing"),
        ({"x": X.tolist()}, None, RunError, "x must be a numpy array, not list"),
        ({"x": X.astype("float64")}, None, RunError, r"pass x\.astype\('float32'\)"),
        ({"x": X}, None, RunError, r"the shape \[1, 2, 2, 3\], and the graph takes x"),
        ({"x": X.transpose(0, 3, 1, 2)}, None, RunError, r"the shape \[1, 3, 2, 2\]"),
        ({"x": np.concatenate([X, X])}, ["w"], RunError, "no output 'w'; it gives y, z"),
        ({"x": np.concatenate([X, X])}, "y", RunError, r"outputs must be a list of names: \['y'\]"),
        (X, None, OptionError, r"feeds must be a dict of arrays by name, not ndarray: \{'x'"),
    ],
)
async def test_what_cannot_be_fed(
    tmp_path: Path, feeds: Any, outputs: Any, kind: type[IntabError], says: str
) -> None:
    network = await intab.network(write_doubling(tmp_path / "two.onnx", rows=2))
    with pytest.raises(kind, match=says):
        await network.run(feeds, outputs)


async def test_feeds_that_are_no_dict_for_a_graph_without_inputs(tmp_path: Path) -> None:
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1])
    made = helper.make_tensor_value_info("one", TensorProto.FLOAT, [1])
    graph = helper.make_graph([], "constant", [], [made], [one])
    onnx.save(helper.make_model(graph, ir_version=10), tmp_path / "one.onnx")
    network = await intab.network(tmp_path / "one.onnx")
    assert (await network.run({}))["one"] == [1]
    with pytest.raises(OptionError, match=r"feeds must be a dict: \{\}"):
        await network.run([])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "text", "labels"),
    [
        ("labels.txt", "cat\ndog \n", ["cat", "dog"]),
        (
            "synset.txt",
            "n01 tench, Tinca\r\nn02 goldfish\r\n",
            ["n01 tench, Tinca", "n02 goldfish"],
        ),
        (
            "config.json",
            json.dumps({"id2label": {"0": "cat", "2": "owl"}}),
            ["cat", "LABEL_1", "owl"],
        ),
        ("config.json", "{}", []),
    ],
)
async def test_labels_come_from_beside_it(
    tmp_path: Path, file: str, text: str, labels: list[str]
) -> None:
    write_doubling(tmp_path / "onnx/model.onnx")
    (tmp_path / file).write_text(text, "utf-8")
    assert (await intab.network(tmp_path)).labels == labels


async def test_what_is_no_graph(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="There is no model at"):
        await intab.network(tmp_path / "nothing")
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    with pytest.raises(DeviceError, match=r"cannot load broken\.onnx"):
        await intab.network(tmp_path / "broken.onnx")
    write_doubling(tmp_path / "other.onnx")
    with pytest.raises(
        ModelNotFoundError, match=r"broken\.onnx, other\.onnx: name the one to load"
    ):
        await intab.network(tmp_path)


async def test_a_closed_network_says_so(tmp_path: Path) -> None:
    network = await intab.network(write_doubling(tmp_path / "digits.onnx"))
    await network.close()
    assert network.device == "nothing (closed)"
    with pytest.raises(ModelClosedError, match="was closed: load it again"):
        await network.run({"x": X})
    again = await intab.network(tmp_path / "digits.onnx")
    assert again is not network
    assert not again.lost
