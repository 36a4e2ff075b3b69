"""Holds a graph against the kernels of the pinned onnxruntime-web, before anybody downloads it.

kernels.json says for each operator with which types it has a kernel on wasm and on WebGPU; it was
made by asking (`python -m tools.kernels`). A node without a kernel cannot be loaded on wasm; on
WebGPU it would run on the CPU, and its inputs would cross between the two in every run.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import onnx_ir as ir

from intab.errors import ConvertError

# What only reckons with lengths runs on the CPU by onnxruntime's own choice, whatever the device.
BOOKKEEPING = frozenset({"int64", "int32", "bool"})


@functools.cache
def table() -> dict[str, Any]:
    """kernels.json."""
    text = resources.files("intab.convert").joinpath("kernels.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def check_kernels(model: ir.Model, device: str, dtype: str) -> None:
    """ConvertError names the nodes of a graph that have no kernel on `device`."""
    missing = list(without_kernel(model, device))
    if missing:
        version = table()["onnxruntime-web"]
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise ConvertError(
            f"onnxruntime-web {version} has no {device} kernel for {'; '.join(missing[:3])}{more}: "
            f"the {dtype} graph would not run there; leave {dtype} out."
        )


def without_kernel(model: ir.Model, device: str) -> Iterator[str]:
    """The nodes without a kernel, each with its name and types."""
    known = (*model.graph.inputs, *model.graph.initializers.values())
    types = {value: kind for value in known if (kind := _of(value))}
    for node in model.graph:
        if node.op_type == "Constant":  # an initializer once loaded
            types[node.outputs[0]] = _constant(node)
            continue
        operator = f"{node.domain}:{node.op_type}" if node.domain else node.op_type
        entry = table()["operators"].get(operator)
        if entry is None:
            yield f"{operator}, of which intab knows nothing (node {node.name})"
            continue
        bound = _bound(node, entry, types)
        outputs = _spread(entry["outputs"], len(node.outputs))
        for value, kind in zip(node.outputs, outputs, strict=True):
            types[value] = _output(node, kind, bound, entry)
        if not _has_kernel(entry, device, bound) and not _is_bookkeeping(node, types, device):
            shown = " ".join(f"{name}={kind}" for name, kind in sorted(bound.items()))
            yield f"{operator} {shown} (node {node.name})"


def _constant(node: ir.Node) -> str:
    [(name, attribute)] = node.attributes.items()
    if name == "value":
        return _named(attribute.as_tensor().dtype)
    return "float" if "float" in name else "int64"


def _of(value: ir.Value) -> str:
    dtype = value.dtype or (value.const_value.dtype if value.const_value is not None else None)
    return "" if dtype is None else _named(dtype)


def _named(dtype: ir.DataType) -> str:
    return _NAMES.get(dtype, dtype.name.lower())


_NAMES = {ir.DataType.FLOAT: "float"}


def _spread(kinds: list[str], count: int) -> list[str]:
    """A parameter for each of `count` values: the last one may stand for many."""
    return [*kinds, *kinds[-1:] * count][:count]


def _bound(
    node: ir.Node, entry: Mapping[str, Any], types: Mapping[ir.Value, str]
) -> dict[str, str]:
    """What the type variables of an operator stand for in this node."""
    kinds = _spread(entry["inputs"], len(node.inputs))
    return {
        kind: types[value]
        for value, kind in zip(node.inputs, kinds, strict=True)
        if value is not None and value in types and not kind.startswith("tensor(")
    }


def _output(node: ir.Node, kind: str, bound: Mapping[str, str], entry: Mapping[str, Any]) -> str:
    if kind.startswith("tensor("):
        return kind.removeprefix("tensor(").removesuffix(")")
    if "to" in node.attributes:
        return _named(ir.DataType(node.attributes["to"].as_int()))
    if kind in bound:
        return bound[kind]
    known = {_choice(types).get(kind, "") for types in (*entry["wasm"], *entry["webgpu"])}
    return known.pop() if len(known) == 1 else "float"


def _choice(types: str) -> dict[str, str]:
    """ "T=float T1=int64" as a mapping."""
    return dict(part.split("=") for part in types.split())


def _has_kernel(entry: Mapping[str, Any], device: str, bound: Mapping[str, str]) -> bool:
    choices = (_choice(types) for types in entry[device])
    return any(bound.items() <= choice.items() for choice in choices)


def _is_bookkeeping(node: ir.Node, types: Mapping[ir.Value, str], device: str) -> bool:
    values = [value for value in (*node.inputs, *node.outputs) if value is not None]
    return device == "webgpu" and all(types.get(value, "") in BOOKKEEPING for value in values)
