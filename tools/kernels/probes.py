"""Models of one node: every operator that onnxruntime knows, with every choice of common types."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import TensorProto, defs, helper
from onnxruntime.capi.onnxruntime_pybind11_state import get_all_operator_schema

OPSET = 21
TYPES = {
    "float": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}
MOST = 100  # choices of types for one operator
DOMAINS = {"": OPSET, "com.microsoft": 1}
_SINGLE, _OPTIONAL, _VARIADIC = range(3)
Parameters = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Signature:
    """An operator's parameters: names of type variables or types, and which are needed."""

    domain: str
    name: str
    inputs: Parameters
    outputs: Parameters
    choices: dict[str, tuple[str, ...]]
    attributes: dict[str, int]  # the required ones' kinds


@dataclass(frozen=True)
class Probe:
    """A model of one node; `key` is the operator and the types of its parameters."""

    operator: str
    types: str
    model: bytes


def probes() -> Iterator[Probe]:
    """All of them."""
    for signature in signatures():
        for choice in itertools.islice(_choices(signature), MOST):
            model = _model(signature, choice)
            if model is not None:
                yield Probe(label(signature), types_label(signature, choice), model)


def label(signature: Signature) -> str:
    return f"{signature.domain}:{signature.name}" if signature.domain else signature.name


def types_label(signature: Signature, choice: dict[str, str]) -> str:
    """ "T=float T1=int64"; the type variables in the order of their names."""
    return " ".join(f"{name}={choice[name]}" for name in sorted(signature.choices))


def signatures() -> Iterator[Signature]:
    """The operators of the opsets that graphs are written in."""
    newest = {(schema.domain, schema.name): schema for schema in get_all_operator_schema()}
    for schema in newest.values():
        if schema.domain not in DOMAINS:
            continue
        known = schema
        if not schema.domain and defs.has(schema.name):
            try:
                known = defs.get_schema(schema.name, OPSET, "")
            except defs.SchemaError:
                continue
        signature = _signature(known)
        if signature is not None:
            yield signature


def _signature(schema: Any) -> Signature | None:
    choices = {}
    for constraint in schema.type_constraints:
        allowed = [kind for kind in TYPES if f"tensor({kind})" in constraint.allowed_type_strs]
        if not allowed:
            return None
        choices[constraint.type_param_str] = tuple(allowed)
    attributes = {name: _kind(a.type) for name, a in schema.attributes.items() if a.required}
    if onnx.AttributeProto.GRAPH in attributes.values():
        return None
    return Signature(
        schema.domain,
        schema.name,
        _parameters(schema.inputs),
        _parameters(schema.outputs),
        choices,
        attributes,
    )


def _parameters(parameters: Any) -> Parameters:
    kinds = {"Single": _SINGLE, "Optional": _OPTIONAL, "Variadic": _VARIADIC}
    return tuple(
        (getattr(p, "type_str", None) or p.typeStr, kinds[re.split("[.:]", str(p.option))[1]])
        for p in parameters
    )


def _kind(kind: Any) -> int:
    return int(getattr(kind, "value", kind))


def _choices(signature: Signature) -> Iterator[dict[str, str]]:
    names = list(signature.choices)
    for types in itertools.product(*signature.choices.values()):
        yield dict(zip(names, types, strict=True))


def _model(signature: Signature, choice: dict[str, str]) -> bytes | None:
    inputs = _values("i", signature.inputs, choice)
    outputs = _values("o", signature.outputs, choice)
    if None in inputs or None in outputs:
        return None
    node = helper.make_node(
        signature.name,
        _names("i", signature.inputs),
        _names("o", signature.outputs),
        domain=signature.domain,
        **{name: _attribute(name, kind, choice) for name, kind in signature.attributes.items()},
    )
    graph = helper.make_graph([node], "probe", inputs, outputs)
    imports = [helper.make_opsetid(domain, version) for domain, version in DOMAINS.items()]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    return bytes(model.SerializeToString())


def _values(prefix: str, parameters: Parameters, choice: dict[str, str]) -> list[Any]:
    """The graph's values for all parameters that are needed."""
    numbered = enumerate(parameters)
    return [_value(f"{prefix}{n}", t, choice) for n, (t, kind) in numbered if kind != _OPTIONAL]


def _names(prefix: str, parameters: Parameters) -> list[str]:
    """Their names in the node, "" for those left out."""
    numbered = enumerate(parameters)
    return _trimmed(["" if kind == _OPTIONAL else f"{prefix}{n}" for n, (_, kind) in numbered])


def _trimmed(names: list[str]) -> list[str]:
    while names and not names[-1]:
        names.pop()
    return names


def _value(name: str, kind: str, choice: dict[str, str]) -> Any:
    """A value of unknown shape; None where it is no tensor of a type that is asked about."""
    kind = choice.get(kind, kind.removeprefix("tensor(").removesuffix(")"))
    return helper.make_tensor_value_info(name, TYPES[kind], None) if kind in TYPES else None


def _attribute(name: str, kind: int, choice: dict[str, str]) -> Any:
    if name == "to":
        return TYPES[choice.get("T2", "float")]
    values = {1: 1.0, 2: 8 if name in ("bits", "K", "N") else 1, 3: "a", 6: [1.0], 7: [1], 8: ["a"]}
    if name == "block_size":
        return 32
    if kind == onnx.AttributeProto.TENSOR:
        return helper.make_tensor("value", TensorProto.FLOAT, [1], [1.0])
    return values.get(kind, 1)
