"""Which files a graph names: Python and JavaScript find what onnx finds, and nothing else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, external_data_helper, helper, numpy_helper

from intab.engine.runtime.onnx_file import external_files
from tests.support.node import run_node

PROGRAM = """
import { externalFiles } from "./app/intab/browser/js/ort/onnx_file.mjs";
const files = JSON.parse(process.argv[1]).map((text) => Buffer.from(text, "base64"));
const read = (bytes) => externalFiles({
  size: bytes.length, read: (start, end) => bytes.subarray(start, end),
});
console.log(JSON.stringify(files.map((bytes) => JSON.parse(read(bytes)))));
"""
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


def in_python(files: list[bytes]) -> list[list[str]]:
    return [external_files(lambda i, j, f=f: f[i:j], len(f)) for f in files]  # type: ignore[misc]


def in_javascript(files: list[bytes]) -> list[list[str]]:
    found: list[list[str]] = run_node(PROGRAM, [base64.b64encode(f).decode() for f in files])
    return found


def tensor(location: str | None, size: int = 2) -> TensorProto:
    made = numpy_helper.from_array(np.zeros(size, np.float32), "w")
    if location is not None:
        external_data_helper.set_external_data(made, location, 0, size * 4)
        made.ClearField("raw_data")
    return made


def graph(initializers: list[TensorProto], nodes: list[onnx.NodeProto]) -> onnx.GraphProto:
    return helper.make_graph(nodes, "location", [], [], initializers)


def constant(value: TensorProto) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["location"], value=value)


def model(body: onnx.GraphProto, functions: list[onnx.NodeProto] | None = None) -> bytes:
    made = helper.make_model(body)
    if functions:
        opset = [helper.make_opsetid("", 17)]
        made.functions.append(helper.make_function("ours", "f", [], [], functions, opset))
    return bytes(made.SerializeToString())


TENSORS = st.lists(st.builds(tensor, st.none() | NAMES, st.sampled_from([1, 2, 1100])), max_size=3)
NODES = st.lists(st.builds(constant, st.builds(tensor, st.none() | NAMES)), max_size=3)
GRAPHS = st.recursive(
    st.builds(graph, TENSORS, NODES),
    lambda inner: st.builds(
        lambda tensors, bodies: graph(
            tensors,
            [helper.make_node("If", ["x"], ["y"], then_branch=b, else_branch=b) for b in bodies],
        ),
        TENSORS,
        st.lists(inner, max_size=2),
    ),
    max_leaves=4,
)


def as_onnx_finds(data: bytes) -> set[str]:
    every = external_data_helper._get_all_tensors(onnx.load_from_string(data))
    external = filter(external_data_helper.uses_external_data, every)
    return {external_data_helper.ExternalDataInfo(tensor).location for tensor in external}


@settings(max_examples=30)
@given(st.lists(st.builds(model, GRAPHS), min_size=1, max_size=4))
def test_python_finds_what_onnx_finds(files: list[bytes]) -> None:
    assert [set(found) for found in in_python(files)] == [as_onnx_finds(data) for data in files]


@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.builds(model, GRAPHS), min_size=8, max_size=10))
def test_javascript_finds_what_python_finds(files: list[bytes]) -> None:
    assert in_javascript(files) == in_python(files)


def everywhere() -> bytes:
    """A graph that names a file in each place in which a tensor may stand."""
    loop = helper.make_node("Loop", ["n", "c"], ["y"], body=graph([tensor("loop.bin")], []))
    sparse = helper.make_sparse_tensor(tensor("values.bin"), tensor("indices.bin"), [2])
    nodes = [
        helper.make_node(
            "If", ["x"], ["y"], then_branch=graph([], [loop]), else_branch=graph([], [])
        ),
        helper.make_node("Constant", [], ["s"], sparse_value=sparse),
        helper.make_node("Ours", [], ["t"], tensors=[tensor("list.bin"), tensor(None)]),
        helper.make_node("Ours", [], ["g"], graphs=[graph([tensor("graphs.bin", 9)], [])]),
    ]
    body = graph([tensor("first.bin"), tensor("first.bin"), tensor(None, 17_000)], nodes)
    body.sparse_initializer.append(sparse)
    return model(body, [constant(tensor("function.bin"))])


def test_every_place_in_which_a_tensor_may_stand() -> None:
    names = ["first", "function", "graphs", "indices", "list", "loop", "values"]
    for read in (in_python, in_javascript):
        [found] = read([everywhere()])
        assert sorted(found) == [f"{name}.bin" for name in names]


def test_data_that_is_in_the_graph_after_all_names_nothing() -> None:
    """`data_location` decides, not what else a tensor says."""
    here = tensor("old.bin")
    here.data_location = TensorProto.DEFAULT
    assert (
        in_python([model(graph([here], []))]) == in_javascript([model(graph([here], []))]) == [[]]
    )


@settings(max_examples=100)
@given(st.data())
def test_a_file_that_is_spoilt_ends_in_a_value_error_or_a_list(data: st.DataObject) -> None:
    spoilt = bytearray(everywhere()[: data.draw(st.integers(0, 900))])
    for _ in range(data.draw(st.integers(0, 5))):
        if spoilt:
            spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        in_python([bytes(spoilt)])


def deep(levels: int) -> bytes:
    """The bytes of graphs in nodes in graphs, without a library that would object."""
    body = b"location"
    for _ in range(levels):
        for field in (6, 5, 1):
            body = bytes([field * 8 + 2]) + varint(len(body)) + body
    return bytes([7 * 8 + 2]) + varint(len(body)) + body


def varint(value: int) -> bytes:
    return (bytes([value % 128 + 128]) + varint(value // 128)) if value > 127 else bytes([value])


NO_MODELS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "a page": lambda: b"<!doctype html><title>location</title>",
    "a pointer": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:location\n",
    "cut off": lambda: everywhere()[:-100],
    "deep": lambda: deep(3000),
    "an endless number": lambda: b"\xff" * 20 + b"location",
    "a name that is no text": lambda: everywhere().replace(b"loop.bin", b"l\xff\xfep.bin"),
}


@pytest.mark.parametrize("name", NO_MODELS)
def test_what_is_no_model(name: str) -> None:
    data = NO_MODELS[name]()
    assert in_javascript([data]) == [[]]
    if data:
        with pytest.raises(ValueError, match=r"no protobuf|cut off|levels|utf-8"):
            in_python([data])


INLINE = """
import { withoutWeights } from "./app/intab/browser/js/ort/weights.mjs";
const [graph, data] = JSON.parse(process.argv[1]).map((text) => Buffer.from(text, "base64"));
const body = (bytes) => ({
  size: bytes.length, read: (i, j) => bytes.subarray(i, j), copyHeld() {}, letGo() {}, done() {},
});
const made = withoutWeights("model.onnx", body(graph), [["w.bin", body(data)]]);
console.log(JSON.stringify(Buffer.from(made.graph).toString("base64")));
"""


def test_what_onnxruntime_web_looks_for_on_a_disk_is_put_into_the_graph() -> None:
    """That of subgraphs and functions; initializers of the graph itself stay outside."""
    data = np.arange(4, dtype=np.float32)
    outside = tensor("./w.bin", 2)
    outside.external_data[1].value = "8"  # from that byte on
    branch = graph([outside], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=graph([], []))
    given = model(graph([tensor("w.bin")], [node, constant(outside)]), [constant(outside)])
    encoded = [base64.b64encode(part).decode() for part in (given, data.tobytes())]
    made = onnx.load_from_string(base64.b64decode(run_node(INLINE, encoded)))
    node, plain = made.graph.node
    bodies = {attribute.name: attribute.g for attribute in node.attribute}
    inner = [*bodies["then_branch"].initializer, plain.attribute[0].t]
    inner.append(made.functions[0].node[0].attribute[0].t)
    for found in inner:
        assert numpy_helper.to_array(found).tolist() == [2, 3]
        assert found.name == "w"
    assert external_data_helper.uses_external_data(made.graph.initializer[0])
    nothing = model(graph([], [constant(tensor(None))]))
    same = run_node(INLINE, [base64.b64encode(nothing).decode(), ""])
    assert base64.b64decode(same) == nothing
