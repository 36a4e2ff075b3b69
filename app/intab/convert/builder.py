"""Writes nodes and initializers into a graph: a thin skin over onnx-ir's tape.

It knows opsets and dtypes, no models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.tape import Tape

MICROSOFT = "com.microsoft"
OPSETS = {"": 21, MICROSOFT: 1}
IR_VERSION = 10

Made = TypeVar("Made")


class Builder:
    """A graph in the making whose floats are `dtype`; `samples` has what products read [rows,
    inputs], by their names, as far as it is known."""

    def __init__(
        self, dtype: ir.DataType, samples: Mapping[str, NDArray[np.float32]] | None = None
    ) -> None:
        self.dtype = dtype
        self.samples = samples or {}
        self.tape = Tape()
        self.inputs: list[ir.Value] = []
        self.outputs: list[ir.Value] = []
        self._constants: dict[str, ir.Value] = {}
        self._made: dict[str, Any] = {}
        self._branches = 0

    def input(self, name: str, dtype: ir.DataType, shape: Sequence[int | str]) -> ir.Value:
        """A new input of the graph."""
        value = ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(dtype))
        self.inputs.append(value)
        return value

    def output(self, value: ir.Value, name: str, shape: Sequence[int | str]) -> None:
        """Make a value the graph's next output."""
        value.name, value.shape = name, ir.Shape(shape)
        value.type = ir.TensorType(self.dtype)
        self.outputs.append(value)

    def op(self, kind: str, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
        """A node with one output; `kind` is "Add" or "com.microsoft:Gelu"."""
        [output] = self.ops(kind, inputs, 1, attributes)
        return output

    def ops(
        self,
        kind: str,
        inputs: Sequence[ir.Value | None],
        count: int,
        attributes: Mapping[str, Any] | None = None,
    ) -> Sequence[ir.Value]:
        """A node with `count` outputs."""
        domain, _, name = kind.rpartition(":")
        return self.tape.op_multi_out(
            name, inputs, dict(attributes or {}), num_outputs=count, domain=domain
        )

    def constant(self, name: str, array: NDArray[Any]) -> ir.Value:
        """An initializer; a second one of that name is the first."""
        if name not in self._constants:
            tensor = ir.tensor(array, name=name)
            self._constants[name] = self.tape.initializer(tensor, name)
        return self._constants[name]

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` writes; a second one of that name is the first."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    def floats(self, name: str, array: NDArray[np.float32]) -> ir.Value:
        """An initializer of the graph's own float dtype."""
        return self.constant(name, array.astype(self.dtype.numpy()))

    def ints(self, *numbers: int) -> ir.Value:
        """An int64 vector."""
        return self.constant(f"ints.{'_'.join(map(str, numbers))}", np.array(numbers, np.int64))

    def scalar(self, number: float) -> ir.Value:
        """A scalar of the graph's own float dtype."""
        return self.floats(f"float.{number!r}", np.array(number, np.float32))

    def integer(self, number: int) -> ir.Value:
        """An int64 scalar."""
        return self.constant(f"int.{number}", np.array(number, np.int64))

    def cast(self, value: ir.Value, dtype: ir.DataType) -> ir.Value:
        """The value as another dtype."""
        return self.op("Cast", value, to=int(dtype))

    def choose(
        self,
        condition: ir.Value,
        then: Callable[[Builder], Sequence[ir.Value]],
        otherwise: Callable[[Builder], Sequence[ir.Value]],
        count: int,
    ) -> Sequence[ir.Value]:
        """What one of two branches gives, each written into a graph of its own."""
        branches = {"then_branch": self._branch(then), "else_branch": self._branch(otherwise)}
        return self.ops("If", [condition], count, branches)

    def _branch(self, write: Callable[[Builder], Sequence[ir.Value]]) -> ir.Graph:
        inner = _Branch(self)
        outputs = write(inner)
        self._branches += 1
        name = f"branch.{self._branches}"
        # No value of a branch may be called as one of another graph's.
        for number, node in enumerate(inner.tape.nodes):
            node.name = f"{name}.{number}"
            for place, value in enumerate(node.outputs):
                value.name = f"{name}.{number}.{place}"
        return ir.Graph([], outputs, nodes=inner.tape.nodes, name=name)

    def model(self, name: str) -> ir.Model:
        """The finished model."""
        graph = ir.Graph(
            self.inputs,
            self.outputs,
            nodes=self.tape.nodes,
            initializers=self.tape.initializers,
            opset_imports=OPSETS,
            name=name,
        )
        return ir.Model(graph, ir_version=IR_VERSION, producer_name="intab")


class _Branch(Builder):
    """A branch: its constants are those of the graph around it."""

    def __init__(self, around: Builder) -> None:
        super().__init__(around.dtype, around.samples)
        self._around = around

    def constant(self, name: str, array: NDArray[Any]) -> ir.Value:
        """An initializer of the graph around it."""
        return self._around.constant(name, array)
