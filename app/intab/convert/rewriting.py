"""`Rewriter` writes nodes into a graph that is there, in place of others."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.tape import Tape

from intab.convert.builder import Builder

AXES_GIVEN = 18  # from this opset on a reduction's axes are an input


class Rewriter(Builder):
    """Writes nodes of a float32 graph; its constants' names begin with `prefix`."""

    def __init__(self, graph: ir.Graph, prefix: str) -> None:
        super().__init__(ir.DataType.FLOAT)
        self.graph, self.prefix = graph, prefix

    def constant(self, name: str, array: NDArray[Any]) -> ir.Value:
        """An initializer under a name that the graph cannot have."""
        value = super().constant(f"intab.{self.prefix}.{name}", array)
        if value.name not in self.graph.initializers:
            self.graph.register_initializer(value)
        return value

    def op(self, kind: str, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
        """A node, as the graph's opset has it."""
        if kind == "ReduceMax" and self.graph.opset_imports[""] < AXES_GIVEN:
            x, axes = inputs
            assert axes is not None
            assert axes.const_value is not None
            return super().op(kind, x, axes=axes.const_value.numpy().tolist(), **attributes)
        return super().op(kind, *inputs, **attributes)

    def begin(self) -> None:
        """Forget the nodes that were put into the graph."""
        self.tape = Tape()

    def instead(self, end: ir.Node, made: ir.Value) -> None:
        """Put the nodes since `begin` in a node's place, one of whose values is what it gave."""
        self.graph.insert_before(end, self.tape.nodes)
        [old] = end.outputs
        name, old.name = old.name, None
        made.name, made.type, made.shape = name, old.type, old.shape
        old.replace_all_uses_with(made, replace_graph_outputs=True)
        self.graph.remove(end, safe=True)
