"""int8 products of an exported graph, given a scale for each row.

    count = by_rows(model)      # products that were rewritten

onnxruntime's dynamic quantization, as the hub's files have it, takes one scale for all rows of a
step. A row with large elements then ruins the others (docs/convert.md). The weights stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import onnx_ir as ir

from intab.convert.builder import MICROSOFT
from intab.convert.linear import Rows, product_of_rows, quantized_rows
from intab.convert.rewriting import Rewriter
from intab.convert.ungrouping import remove_unused

OLDEST_OPSET = 13
_DYNAMIC = "DynamicQuantizeLinear"
_FLOAT = "MatMulIntegerToFloat"
_WHOLE = "DynamicQuantizeMatMul"


@dataclass(frozen=True)
class Product:
    """x @ (weight - zero) * scale + bias, as a graph has it; `end` is its last node."""

    end: ir.Node
    x: ir.Value
    weight: ir.Value
    scale: ir.Value
    zero: ir.Value | None = None
    bias: ir.Value | None = None

    @property
    def fits(self) -> bool:
        """Whether its weight is a constant matrix, and no other product's."""
        tensor = self.weight.const_value
        products = [node for node, _ in self.weight.uses() if "MatMul" in node.op_type]
        return tensor is not None and len(tensor.shape) == 2 and len(products) == 1


def by_rows(model: ir.Model) -> int:
    """Rewrite every int8 product with a constant matrix; how many there were."""
    graph = model.graph
    if graph.opset_imports.get("", 0) < OLDEST_OPSET:
        return 0
    found = [product for product in map(_product, graph) if product and product.fits]
    if found:
        graph.opset_imports.setdefault(MICROSOFT, 1)
        writer = _Writer(graph)
        for product in found:
            writer.replace(product)
        remove_unused(graph)
    return len(found)


def _product(node: ir.Node) -> Product | None:
    """The product that ends with a node, in one of the forms that onnxruntime writes."""
    if node.op_type == _WHOLE:
        x, weight, scale, zero, bias = _inputs(node, 5)
        return Product(node, x, weight, scale, zero, bias) if x and weight and scale else None
    if node.op_type == _FLOAT:
        values, weight, step, scale, _, zero, bias = _inputs(node, 7)
        x = _quantized(values, step)
        return Product(node, x, weight, scale, zero, bias) if x and weight and scale else None
    return _written_out(node) if node.op_type == "Mul" else None


def _written_out(node: ir.Node) -> Product | None:
    """MatMulInteger -> Cast -> Mul by the product of both scales."""
    for whole, scales in (node.inputs, reversed(node.inputs)):
        cast, both = _maker(whole, "Cast"), _maker(scales, "Mul")
        product = _maker(cast.inputs[0], "MatMulInteger") if cast else None
        if product is None or both is None:
            continue
        values, weight, _, zero = _inputs(product, 4)
        for step, scale in (both.inputs, reversed(both.inputs)):
            x = _quantized(values, step)
            if x and weight and scale:
                return Product(node, x, weight, scale, zero)
    return None


def _quantized(values: ir.Value | None, step: ir.Value | None) -> ir.Value | None:
    """What was quantized to these values by this step."""
    maker = _maker(values, _DYNAMIC)
    if maker is None or maker is not _maker(step, _DYNAMIC):
        return None
    return maker.inputs[0]


def _maker(value: ir.Value | None, kind: str) -> ir.Node | None:
    node = value.producer() if value is not None else None
    return node if node is not None and node.op_type == kind else None


def _inputs(node: ir.Node, count: int) -> list[Any]:
    return [*node.inputs, *[None] * count][:count]


class _Writer(Rewriter):
    """What several products read is quantized once."""

    def __init__(self, graph: ir.Graph) -> None:
        super().__init__(graph, "rows")
        self._rows: dict[ir.Value, Rows] = {}

    def replace(self, product: Product) -> None:
        """Rewrite one product in its place."""
        self.begin()
        if product.x not in self._rows:
            self._rows[product.x] = quantized_rows(self, product.x)
        rows, zero = self._rows[product.x], self._own_zero(product)
        made = product_of_rows(self, rows, product.weight, product.scale, zero)
        if product.bias is not None:
            made = self.op("Add", made, product.bias)
        self.instead(product.end, made)

    def _own_zero(self, product: Product) -> ir.Value | None:
        """The weight's zero point, none where it is 0: onnxruntime 1.31 opens no graph in which two
        products share a weight or its zero point."""
        if product.zero is None or product.zero.const_value is None:
            return product.zero
        zero = product.zero.const_value.numpy()
        return self.constant(f"{product.weight.name}.zero", zero) if zero.any() else None
