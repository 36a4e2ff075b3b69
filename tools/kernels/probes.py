"""Models of one node: every operator that onnxruntime knows, in every version that a graph of
opset 7 to 26 can ask for, with every choice of types.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from onnx import TypeProto, defs, helper
from onnxruntime.capi.onnxruntime_pybind11_state import get_all_operator_schema

from tools.kernels.settings import TYPES, settings

OLDEST, NEWEST, IR = 7, 26, 13  # what the pinned onnxruntime-web reads
MICROSOFT = "com.microsoft"
DOMAINS = ("", MICROSOFT)
IN_SEQUENCES = ("float", "float16", "int64", "int32", "bool", "string")
_SINGLE, _OPTIONAL, _VARIADIC = range(3)
Parameters = tuple[tuple[str, int], ...]
Choice = dict[str, str]


@dataclass(frozen=True)
class Signature:
    """An operator's parameters: names of type variables or types, and which are needed."""

    domain: str
    name: str
    since: int
    inputs: Parameters
    outputs: Parameters
    choices: dict[str, tuple[str, ...]]
    attributes: dict[str, tuple[int, bool]]  # their kinds, and whether they are needed

    @property
    def label(self) -> str:
        """ "Add", "com.microsoft:MatMulNBits"."""
        return f"{self.domain}:{self.name}" if self.domain else self.name


@dataclass(frozen=True)
class Probe:
    """Models of one node, of which the first that is valid tells; `types` is the choice."""

    signature: Signature
    types: Choice
    models: tuple[bytes, ...]


def probes(found: Iterable[Signature]) -> Iterator[Probe]:
    """All of them."""
    for signature in found:
        for choice in _choices(signature):
            models = dict.fromkeys(_model(signature, choice, whole) for whole in (True, False))
            if made := tuple(filter(None, models)):
                yield Probe(signature, choice, made)


def signatures() -> Iterator[Signature]:
    """Each operator in each of its versions, the oldest first."""
    versions: dict[tuple[str, str], list[Any]] = {}
    for schema in defs.get_all_schemas_with_history():
        if schema.domain == "" and schema.since_version <= NEWEST and not schema.deprecated:
            versions.setdefault(("", schema.name), []).append(schema)
    for schema in get_all_operator_schema():
        if schema.domain == MICROSOFT:
            versions.setdefault((MICROSOFT, schema.name), []).append(schema)
    for _, schemas in sorted(versions.items()):
        ordered = sorted(schemas, key=lambda schema: int(schema.since_version))
        old = sum(schema.since_version <= OLDEST for schema in ordered)
        yield from filter(None, map(_signature, ordered[max(old - 1, 0) :]))


def _signature(schema: Any) -> Signature | None:
    choices = {}
    for constraint in schema.type_constraints:
        named = map(_plain, constraint.allowed_type_strs)
        allowed = sorted(kind for kind in named if type_proto(kind) is not None)
        if not allowed:
            return None
        choices[constraint.type_param_str] = tuple(allowed)
    attributes = {n: (_kind(a.type), bool(a.required)) for n, a in schema.attributes.items()}
    return Signature(
        schema.domain,
        schema.name,
        int(schema.since_version),
        _parameters(schema.inputs),
        _parameters(schema.outputs),
        choices,
        attributes,
    )


def _plain(kind: str) -> str:
    """ "tensor(float)" -> "float"; sequences stay as they are."""
    inner = re.fullmatch(r"tensor\((\w+)\)", kind)
    return inner[1] if inner else kind


def type_proto(kind: str) -> TypeProto | None:
    """The type of a value of unknown shape; None where it is none that is asked about."""
    if kind in TYPES:
        return helper.make_tensor_type_proto(TYPES[kind], None)
    wrapped = re.fullmatch(r"seq\(tensor\((\w+)\)\)", kind)
    inner = type_proto(wrapped[1]) if wrapped and wrapped[1] in IN_SEQUENCES else None
    return None if inner is None else helper.make_sequence_type_proto(inner)


def _parameters(parameters: Any) -> Parameters:
    kinds = {"Single": _SINGLE, "Optional": _OPTIONAL, "Variadic": _VARIADIC}
    return tuple(
        (
            _plain(getattr(p, "type_str", None) or p.typeStr),
            kinds[re.split("[.:]", str(p.option))[1]],
        )
        for p in parameters
    )


def _kind(kind: Any) -> int:
    return int(getattr(kind, "value", kind))


def _choices(signature: Signature) -> Iterator[Choice]:
    names = list(signature.choices)
    for types in itertools.product(*signature.choices.values()):
        yield dict(zip(names, types, strict=True))


def _model(signature: Signature, choice: Choice, whole: bool) -> bytes | None:
    """A node with what it needs; `whole`: also what alone tells one of its types."""
    given, made = _given(signature.inputs, whole), _given(signature.outputs, whole=False)
    inputs, outputs = _values("i", given, choice), _values("o", made, choice)
    if None in inputs or None in outputs:
        return None
    out = choice.get(made[0], made[0]) if made else ""
    node = helper.make_node(
        signature.name,
        _names("i", given),
        _names("o", made),
        domain=signature.domain,
        **settings(signature.name, signature.attributes, out),
    )
    graph = helper.make_graph([node], "probe", inputs, outputs)
    opset = NEWEST if signature.domain else max(signature.since, OLDEST)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=IR)
    return bytes(model.SerializeToString())


def _given(parameters: Parameters, whole: bool) -> list[str]:
    """The kinds of the parameters in their places, "" of those left out."""
    told = {kind for kind, option in parameters if option != _OPTIONAL}
    kinds = []
    for kind, option in parameters:
        given = option != _OPTIONAL or (whole and kind not in told)
        kinds.append(kind if given else "")
        told.add(kind)
    while kinds and not kinds[-1]:
        kinds.pop()
    return kinds


def _values(prefix: str, kinds: list[str], choice: Choice) -> list[Any]:
    """The graph's values for the parameters that are given, None for one of an unknown type."""
    return [_value(f"{prefix}{n}", choice.get(kind, kind)) for n, kind in enumerate(kinds) if kind]


def _names(prefix: str, kinds: list[str]) -> list[str]:
    """Their names in the node, "" for those left out."""
    return [f"{prefix}{n}" if kind else "" for n, kind in enumerate(kinds)]


def _value(name: str, kind: str) -> Any:
    proto = type_proto(kind)
    return None if proto is None else helper.make_value_info(name, proto)
