"""The attributes that a node of one operator must have: needed ones, types of outputs, bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import onnx
from onnx import AttributeProto, TensorProto, helper

NO_TYPES = ("undefined", "complex64", "complex128")
TYPES = {
    name.lower(): number
    for name, number in TensorProto.DataType.items()
    if name.lower() not in NO_TYPES
}
Choice = Mapping[str, str]
# Attributes that tell the type of the first output; `value` is a tensor of it.
_TYPED = ("to", "dtype", "output_dtype", "output_datatype", "value")
_VALUES: dict[int, Any] = {
    AttributeProto.FLOAT: 1.0,
    AttributeProto.INT: 1,
    AttributeProto.STRING: "a",
    AttributeProto.TENSOR: helper.make_tensor("value", TensorProto.FLOAT, [1], [1.0]),
    AttributeProto.FLOATS: [1.0],
    AttributeProto.INTS: [1],
    AttributeProto.STRINGS: ["a"],
}
_SIZES = {"bits": 8, "K": 8, "N": 8, "block_size": 32}


def settings(name: str, attributes: Mapping[str, tuple[int, bool]], out: str) -> dict[str, Any]:
    """Values for an operator's attributes, which have a kind and may be needed; `out` is the type
    of the first output."""
    typed = out in TYPES
    made: dict[str, Any] = dict(_bodies(name, out)) if typed else {}
    for attribute, (kind, needed) in attributes.items():
        if attribute in _TYPED and kind in (AttributeProto.INT, AttributeProto.TENSOR) and typed:
            is_tensor = kind == AttributeProto.TENSOR
            made[attribute] = _tensor(out, [1]) if is_tensor else TYPES[out]
        elif needed and kind != AttributeProto.GRAPH:
            made[attribute] = _SIZES.get(attribute, _VALUES.get(kind))
    return made


def _bodies(name: str, kind: str) -> Iterator[tuple[str, onnx.GraphProto]]:
    """Branches and bodies that give constants of a type."""
    if name == "If":
        yield "then_branch", _body([], [kind])
        yield "else_branch", _body([], [kind])
    if name == "Loop":
        yield "body", _body(["int64", "bool", kind], ["bool", kind])
    if name == "Scan":
        yield "body", _body([kind], [kind])


def _body(inputs: list[str], outputs: list[str]) -> onnx.GraphProto:
    nodes = [
        helper.make_node("Constant", [], [f"c{n}"], value=_tensor(kind, [1] * (kind != "bool")))
        for n, kind in enumerate(outputs)
    ]
    given = [helper.make_tensor_value_info(f"b{n}", TYPES[k], None) for n, k in enumerate(inputs)]
    made = [helper.make_tensor_value_info(f"c{n}", TYPES[k], None) for n, k in enumerate(outputs)]
    return helper.make_graph(nodes, "body", given, made)


def _tensor(kind: str, shape: list[int]) -> onnx.TensorProto:
    """Zeros; a byte is enough for one of any small type."""
    if kind == "string":
        return onnx.TensorProto(data_type=TYPES[kind], dims=shape, string_data=[b""])
    size = max(helper.tensor_dtype_to_np_dtype(TYPES[kind]).itemsize, 1)
    return helper.make_tensor("value", TYPES[kind], shape, bytes(size), raw=True)
