"""The types of a graph's values, by the names that the table of kernels has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx_ir as ir

Types = dict[ir.Value, str]
_NAMES = {kind: kind.name.lower() for kind in ir.DataType}
_KNOWN = frozenset(_NAMES.values())
# Attributes that tell the type of an operator's outputs.
_BODIES = {"If": ("then_branch", 0), "Loop": ("body", 1), "Scan": ("body", 0)}
_TYPED = ("to", "dtype", "output_dtype", "output_datatype")


def literal(kind: str) -> bool:
    """Whether a parameter's kind is a type and no variable of one."""
    return kind in _KNOWN or "(" in kind


def named(value: ir.Value) -> str:
    """The type that a value is said to have, "" where it is not."""
    if isinstance(value.type, ir.SequenceType):
        inner = value.type.elem_type
        return f"seq(tensor({_NAMES[inner.dtype]}))" if isinstance(inner, ir.TensorType) else ""
    dtype = value.dtype or (value.const_value.dtype if value.const_value is not None else None)
    return "" if dtype is None else _NAMES[dtype]


def of_outputs(
    node: ir.Node, kinds: Sequence[str], types: Types, bound: Mapping[str, Mapping[str, None]]
) -> Types:
    """The types of a node's outputs, as far as they can be told: as the graph says, by an
    attribute, by the branch that gives them, or by the inputs; `kinds` are the parameters'."""
    told = _told(node)
    inner = _inner_outputs(node)
    found: Types = {}
    for place, value in enumerate(node.outputs):
        kind = kinds[place] if place < len(kinds) else ""
        same = [types[i] for i in inner[place : place + 1] if i in types]
        by_input = next(iter(bound.get(kind, ())), "")
        fixed = kind if literal(kind) else ""
        if known := next(filter(None, (named(value), *same, fixed, told, by_input)), ""):
            found[value] = known
    return found


def _told(node: ir.Node) -> str:
    """The type that one of a node's attributes tells."""
    for name in _TYPED:
        attribute = node.attributes.get(name)
        if attribute is not None and attribute.type == ir.AttributeType.INT and attribute.value:
            return _NAMES[ir.DataType(attribute.as_int())]
    value = node.attributes.get("value")
    if node.op_type == "Constant" and value is None:
        [name] = node.attributes
        kinds = {"value_string": "string", "value_float": "float", "value_int": "int64"}
        return kinds.get(name.removesuffix("s"), "")
    if value is not None and value.type == ir.AttributeType.TENSOR:
        return _NAMES[value.as_tensor().dtype]
    return "float" if node.op_type == "ConstantOfShape" else ""


def _inner_outputs(node: ir.Node) -> Sequence[ir.Value]:
    """The values of a branch or body that become a node's outputs."""
    name, first = _BODIES.get(node.op_type, ("", 0))
    body = node.attributes.get(name)
    return () if body is None else body.as_graph().outputs[first:]
