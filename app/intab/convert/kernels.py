"""Holds a graph against the kernels of the pinned onnxruntime-web, before anybody downloads it.

kernels.json says for each version of each operator with which types it has a kernel on wasm and on
WebGPU, and which attributes a kernel leaves out; it was made by asking (`python -m tools.kernels`).
A node without a kernel cannot be loaded on wasm; on WebGPU it would run on the CPU, and its inputs
would cross between the two in every run. Branches, bodies and functions are looked into.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import onnx_ir as ir

from intab.convert.gpu_traps import trap
from intab.convert.types import Types, literal, named, of_outputs
from intab.errors import ConvertError

# What only counts lengths runs on the CPU by onnxruntime's own choice, whatever the device.
BOOKKEEPING = frozenset({"int64", "int32", "bool"})
Bound = dict[str, str]


@functools.cache
def table() -> dict[str, Any]:
    """kernels.json."""
    text = resources.files("intab.convert").joinpath("kernels.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@functools.cache
def _versions() -> dict[str, list[dict[str, Any]]]:
    """The entries of each operator, the oldest version first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in table()["operators"]:
        found.setdefault(entry["operator"], []).append(entry)
    return found


def entry_of(operator: str, opset: int) -> dict[str, Any] | None:
    """What is known of an operator ("Add", "com.microsoft:Gelu") in a graph of that opset."""
    known = [entry for entry in _versions().get(operator, ()) if entry["since"] <= opset]
    return known[-1] if known else None


@dataclass
class Findings:
    """The nodes that `device` has no kernel for, those it computes otherwise since it leaves an
    attribute out, and those of which nothing is known."""

    device: str
    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


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
    """The nodes without a kernel that does all they ask for, each with its name and types."""
    found = examine(model, device)
    yield from (*found.missing, *found.wrong)


def examine(model: ir.Model, device: str) -> Findings:
    """Look at every node of a graph, of its branches and bodies, and of the functions it calls."""
    walk = Walk(model, Findings(device))
    walk.look_at(model.graph)
    return walk.found


class Walk:
    """A way through a graph that learns the types of its values."""

    def __init__(self, model: ir.Model, found: Findings) -> None:
        self.functions, self.found = model.functions, found
        self.opsets: Mapping[str, int] = model.graph.opset_imports
        self.types: Types = {}

    def look_at(self, graph: ir.Graph | ir.Function) -> None:
        """The nodes in their order."""
        initializers = graph.initializers.values() if isinstance(graph, ir.Graph) else ()
        for value in (*graph.inputs, *initializers):
            if kind := named(value):
                self.types[value] = kind
        for node in graph:
            self.visit(node)

    def visit(self, node: ir.Node) -> None:
        """A node: what it holds, then itself; its outputs have types after that."""
        for attribute in node.attributes.values():
            self.enter(attribute)
        function = self.functions.get(node.op_identifier())
        if function is not None:
            self.call(node, function)
            return
        domain = "" if node.domain == "ai.onnx" else node.domain
        operator = f"{domain}:{node.op_type}" if domain else node.op_type
        entry = entry_of(operator, self.opsets.get(domain, 1))
        outputs = _spread(entry["outputs"] if entry else [], len(node.outputs))
        bound = {**_only(entry), **_kinds(node, entry, self.types)}
        self.types |= of_outputs(node, outputs, self.types, bound)
        if node.op_type != "Constant":  # an initializer once loaded
            self.judge(node, operator, entry)

    def enter(self, attribute: ir.Attr) -> None:
        """The branch or body that an attribute is."""
        if attribute.type == ir.AttributeType.GRAPH:
            self.look_at(attribute.as_graph())
        elif attribute.type == ir.AttributeType.GRAPHS:
            for graph in attribute.as_graphs():
                self.look_at(graph)

    def call(self, node: ir.Node, function: ir.Function) -> None:
        """A function's own nodes stand in for the node that calls it."""
        for given, value in zip(node.inputs, function.inputs, strict=False):
            if given is not None and given in self.types:
                self.types[value] = self.types[given]
        outer, self.opsets = self.opsets, function.opset_imports
        self.look_at(function)
        self.opsets = outer
        for made, value in zip(node.outputs, function.outputs, strict=False):
            if kind := named(made) or self.types.get(value):
                self.types[made] = kind

    def judge(self, node: ir.Node, operator: str, entry: Mapping[str, Any] | None) -> None:
        """Note what is to be said of a node."""
        if entry is None:
            self.found.unknown.append(f"{operator} (node {node.name})")
            return
        opset = self.opsets.get(node.domain, 1)
        if self.found.device == "webgpu" and (why := trap(node, opset)):
            self.found.wrong.append(f"{why} (node {node.name})")
        for name, value in _left_out(node, operator, self.found.device):
            self.found.wrong.append(f"{operator} with {name}={value} (node {node.name})")
        for bound in _bindings(node, entry, self.types):
            if _fits(entry[self.found.device], bound) or self._is_bookkeeping(node):
                continue
            shown = " ".join(f"{name}={kind}" for name, kind in sorted(bound.items()))
            unclear = _fits(entry["unclear"], bound)
            noted = self.found.unknown if unclear else self.found.missing
            noted.append(f"{operator} {shown} (node {node.name})")

    def _is_bookkeeping(self, node: ir.Node) -> bool:
        values = [value for value in (*node.inputs, *node.outputs) if value is not None]
        kinds = {self.types.get(value, "") for value in values}
        return self.found.device == "webgpu" and kinds <= BOOKKEEPING


def _left_out(node: ir.Node, operator: str, device: str) -> Iterator[tuple[str, Any]]:
    """The attributes that the device's kernel leaves out, if they ask for something."""
    for name, default in table()["left_out"].get(device, {}).get(operator, {}).items():
        attribute = node.attributes.get(name)
        if attribute is not None and attribute.value != default:
            yield name, attribute.value


def _spread(kinds: Sequence[str], count: int) -> list[str]:
    """A parameter for each of `count` values: the last one may stand for many."""
    return [*kinds, *list(kinds[-1:]) * count][:count]


def _kinds(
    node: ir.Node, entry: Mapping[str, Any] | None, types: Types, *, outputs: bool = False
) -> dict[str, dict[str, None]]:
    """What the type variables of an operator stand for in this node, in order; a variable of any
    number of values, as of Loop, may stand for several types."""
    if entry is None:
        return {}
    pairs = [*zip(node.inputs, _spread(entry["inputs"], len(node.inputs)), strict=False)]
    if outputs:
        pairs += zip(node.outputs, _spread(entry["outputs"], len(node.outputs)), strict=False)
    found: dict[str, dict[str, None]] = {}
    for value, kind in pairs:
        if value is not None and value in types and not literal(kind):
            found.setdefault(kind, {})[types[value]] = None
    return found


def _only(entry: Mapping[str, Any] | None) -> dict[str, dict[str, None]]:
    """The variables that stand for one type wherever there is a kernel."""
    found: dict[str, dict[str, None]] = {}
    for text in (*entry["wasm"], *entry["webgpu"], *entry["unclear"]) if entry else ():
        for name, kinds in _choice(text).items():
            found.setdefault(name, {}).update(dict.fromkeys(sorted(kinds)))
    return {name: kinds for name, kinds in found.items() if len(kinds) == 1}


def _bindings(node: ir.Node, entry: Mapping[str, Any], types: Types) -> Iterator[Bound]:
    """Each choice of types that the node asks for."""
    kinds = _kinds(node, entry, types, outputs=True)
    for choice in itertools.product(*kinds.values()):
        yield dict(zip(kinds, choice, strict=True))


@functools.cache
def _choice(text: str) -> dict[str, frozenset[str]]:
    """ "T=float|float16 T1=int64" as a mapping."""
    parts = (part.split("=") for part in text.split())
    return {name: frozenset(kinds.split("|")) for name, kinds in parts}


def _fits(choices: Sequence[str], bound: Bound) -> bool:
    """Whether one of the choices has all types that are bound."""
    return any(
        all(kind in choice.get(name, (kind,)) for name, kind in bound.items())
        for choice in map(_choice, choices)
    )
