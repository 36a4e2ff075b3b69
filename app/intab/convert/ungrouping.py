"""GroupQueryAttention of an exported graph, rewritten in the form that is fast in WebAssembly.

    found = ungroup(model)      # found.count nodes; found.left says why others stay

Its kernel there takes about ten times as long for a prompt as two matrix products and a softmax
(docs/convert.md). Inputs and outputs keep their names. Where positions were counted inside, the
graph is given position_ids, and so has a place for padding on the left, which it had not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.tape import Tape

from intab.convert.architecture import Architecture, Layer
from intab.convert.attention import attend_by_products, heads_first, turn
from intab.convert.builder import Builder
from intab.convert.inputs import Inputs

KIND = "GroupQueryAttention"
OLDEST_OPSET = 13  # Softmax over one axis; Split and Unsqueeze with inputs
FED = ("input_ids", "attention_mask")
# https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
_INPUTS = (
    *("query", "key", "value", "past_key", "past_value", "seqlens_k", "total_sequence_length"),
    *("cos_cache", "sin_cache", "position_ids", "attention_bias", "head_sink"),
    *("k_scale", "v_scale", "q_norm_weight", "k_norm_weight"),
)
_PAST, _TABLES, _POSITIONS, _UNKNOWN = 3, 7, 9, 10
_KNOWN = {"num_heads", "kv_num_heads", "scale", "softcap", "local_window_size", "do_rotary"}
_KNOWN |= {"rotary_interleaved", "qk_norm_epsilon"}  # the latter is of the norms' weights alone
_NOTHING = (None, 0, 0.0, -1, "", "NONE")
_CAUSAL = ("causal", 1)


@dataclass(frozen=True)
class Ungrouped:
    """How many nodes were rewritten, and why others were not, each reason once."""

    count: int
    left: tuple[str, ...] = ()


def ungroup(model: ir.Model) -> Ungrouped:
    """Rewrite every GroupQueryAttention that has no part we do not know."""
    nodes = [node for node in model.graph.all_nodes() if node.op_type == KIND]
    objections = [(node, next(_objections(model, node), "")) for node in nodes]
    fitting = [node for node, objection in objections if not objection]
    if fitting:
        graft = Graft(model.graph, fitting[0].inputs[_PAST])
        for node in fitting:
            graft.replace(node)
        remove_unused(model.graph)
    left = dict.fromkeys(objection for _, objection in objections if objection)
    return Ungrouped(len(fitting), tuple(left))


def _objections(model: ir.Model, node: ir.Node) -> Iterator[str]:
    """What speaks against rewriting a node."""
    opset = model.graph.opset_imports.get("", 0)
    if opset < OLDEST_OPSET:
        yield f"opset {opset} is older than {OLDEST_OPSET}"
    missing = set(FED) - {value.name for value in model.graph.inputs}
    if missing:
        yield f"the graph has no input {', '.join(sorted(missing))}"
    if node.graph is not model.graph:
        yield "it stands in a branch"
    past = node.inputs[_PAST] if len(node.inputs) > _PAST else None
    if past is None or past.shape is None or not isinstance(past.shape[-1], int):
        yield "the size of its heads is not told"
    for name, value in zip(_INPUTS[_UNKNOWN:], node.inputs[_UNKNOWN:], strict=False):
        if value is not None:
            yield f"it has {name}"
    for name, attribute in node.attributes.items():
        known = name in _KNOWN or attribute.value in _NOTHING
        if not known and (name, attribute.value) != _CAUSAL:
            yield f"it has {name}={attribute.value}"


class Graft(Builder):
    """Writes into a graph that is there; `past` is a cache of the graph, for its dtype."""

    def __init__(self, graph: ir.Graph, past: ir.Value | None) -> None:
        super().__init__((past and past.dtype) or ir.DataType.FLOAT)
        self.graph = graph
        self.shared: GraftInputs | None = None

    def input(self, name: str, dtype: ir.DataType, shape: Any) -> ir.Value:
        """The graph's input of that name, a new one where it has none."""
        known = next((value for value in self.graph.inputs if value.name == name), None)
        if known is None:
            known = super().input(name, dtype, shape)
            self.graph.inputs.append(known)
        return known

    def constant(self, name: str, array: NDArray[Any]) -> ir.Value:
        """An initializer under a name that the graph cannot have."""
        value = super().constant(f"intab.{name}", array)
        if value.name not in self.graph.initializers:
            self.graph.register_initializer(value)
        return value

    def replace(self, node: ir.Node) -> None:
        """Rewrite one node in its place."""
        self.tape = Tape()
        arch = _architecture(node)
        self.shared = self.shared or GraftInputs(self, arch)
        inputs = self.shared.of(node, arch)
        q, k, v = self._heads(inputs)
        found = attend_by_products(self, inputs, 0, q, k, v)
        made = [found, inputs.present["key"], inputs.present["value"]]
        self.graph.insert_before(node, self.tape.nodes)
        for old, new in zip(node.outputs, made, strict=False):
            name, old.name = old.name, None
            new.name, new.type, new.shape = name, old.type, old.shape
            old.replace_all_uses_with(new, replace_graph_outputs=True)
        self.graph.remove(node, safe=True)

    def _heads(self, inputs: GraftInputs) -> list[ir.Value]:
        """Queries, keys and values [batch, heads, new, dim], queries and keys turned."""
        arch, node = inputs.arch, inputs.node
        counts = (arch.heads, arch.kv_heads, arch.kv_heads)
        parts = list(node.inputs[:3])
        if parts[1] is None:
            sizes = self.ints(*(count * arch.head_dim for count in counts))
            parts = list(self.ops("Split", [parts[0], sizes], 3, {"axis": -1}))
        q, k, v = (
            heads_first(self, part, count, arch)
            for part, count in zip(parts, counts, strict=True)
            if part is not None
        )
        if not node.attributes.get_int("do_rotary", 0):
            return [q, k, v]
        return [self._turned(inputs, q), self._turned(inputs, k), v]

    def _turned(self, inputs: GraftInputs, x: ir.Value) -> ir.Value:
        node, whole = inputs.node, inputs.arch.head_dim
        given = node.inputs[_POSITIONS] if len(node.inputs) > _POSITIONS else None
        cosines, sines = node.inputs[_TABLES : _TABLES + 2]
        assert cosines is not None
        assert sines is not None
        pairs = cosines.shape[-1] if cosines.shape is not None else None
        size = 2 * pairs if isinstance(pairs, int) else whole
        rotation = (inputs.positions if given is None else given, cosines, sines)
        interleaved = node.attributes.get_int("rotary_interleaved", 0)
        return turn(self, x, rotation, size, whole, interleaved=interleaved)


class GraftInputs(Inputs):
    """What the nodes of a graph share, and the one that is being rewritten."""

    node: ir.Node
    present: dict[str, ir.Value]

    def of(self, node: ir.Node, arch: Architecture) -> GraftInputs:
        """The same for another node."""
        self.node, self.arch, self.present = node, arch, {}
        return self

    def past(self, layer: int, part: str) -> ir.Value:
        """The node's own cache."""
        value = self.node.inputs[_PAST + (part == "value")]
        assert value is not None
        return value

    def give_present(self, layer: int, part: str, value: ir.Value) -> None:
        """Kept, to stand for the node's own output."""
        self.present[part] = value


def _architecture(node: ir.Node) -> Architecture:
    """The part of an architecture that a node tells."""
    read, past = node.attributes, node.inputs[_PAST]
    assert past is not None
    assert past.shape is not None
    dim = past.shape[-1]
    assert isinstance(dim, int)
    window = read.get_int("local_window_size", -1)
    return Architecture(
        family="",
        vocabulary=0,
        hidden=0,
        heads=read["num_heads"].as_int(),
        kv_heads=read["kv_num_heads"].as_int(),
        head_dim=dim,
        layers=(Layer(max(window, 0)),),
        scale=read.get_float("scale", 0.0),
        attention_softcap=read.get_float("softcap", 0.0),
    )


def remove_unused(graph: ir.Graph) -> None:
    """Take away the nodes and initializers that no output needs."""
    for node in reversed(graph):
        if not any(value.uses() or value.is_graph_output() for value in node.outputs):
            graph.remove(node, safe=True)
    unused = [
        name
        for name, value in graph.initializers.items()
        if not value.uses() and not value.is_graph_output()
    ]
    for name in unused:
        del graph.initializers[name]
