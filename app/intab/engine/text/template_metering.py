"""Changes to a template that Jinja has parsed, so that a budget hears of all its work.

Loops, macros, comparisons, keys and slices are reported through filters whose names no template can
write. template_sandbox.py has the environment that they are filters of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from intab.engine.text.template_arguments import seen
from intab.engine.text.template_budget import WORK, Budget, bound, current, measure, size, spend
from intab.engine.text.template_limits import check_digits

# Names that no template can write, so that none can call or replace them.
_STEP, _COMPARED, _CONTAINER = "intab step", "intab compared", "intab container"
_HASHED, _TESTED, _SLICED = "intab hashed", "intab tested", "intab sliced"


class Metering(NodeTransformer):
    """Adds to a parsed template the steps that a budget counts.

    A loop's or macro's turn counts the text that stands in it as made.
    """

    def visit_body(self, node: Any) -> nodes.Node:
        """A step at the beginning of whatever may run again and again."""
        text = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(_told(nodes.Const(text), _STEP)))
        return node  # type: ignore[no-any-return]

    visit_Macro = visit_CallBlock = visit_Block = visit_body  # noqa: N815

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's name
        """A step for each item that the loop's condition looks at, too."""
        self.visit_body(node)
        if node.test is not None:
            node.test = _told(cast(nodes.Expr, node.test), _TESTED)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - Jinja's name
        """A slice copies, and a key is hashed."""
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            return _told(node, _SLICED)
        if not isinstance(node.arg, nodes.Const):
            node.arg = _told(node.arg, _HASHED)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802 - Jinja's name
        """A key is hashed."""
        self.generic_visit(node)
        if not isinstance(node.key, nodes.Const):
            node.key = _told(node.key, _HASHED)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - Jinja's name
        """Both sides measured, since comparing lists takes as long as printing them."""
        self.generic_visit(node)
        node.expr = _told(node.expr, _COMPARED)
        for operand in node.ops:
            inside = operand.op in ("in", "notin")
            operand.expr = _told(operand.expr, _CONTAINER if inside else _COMPARED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
        """Each part measured before they are joined."""
        self.generic_visit(node)
        node.nodes = [_told(part, "string") for part in node.nodes]
        return node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - Jinja's name
        """Measured, since a tuple's hash takes as long as printing it."""
        self.generic_visit(node)
        return _told(node, _COMPARED) if node.ctx == "load" else node


def _told(node: nodes.Expr, name: str) -> nodes.Expr:
    return nodes.Filter(node, name, [], [], None, None)


def made(value: Any) -> Any:
    """`value`, counted as one step that made it; a range makes its numbers one by one."""
    characters = 0 if isinstance(value, range) else size(value)
    if isinstance(value, int):
        check_digits(characters)
    bound(characters)
    budget().step(characters)
    return value


def budget() -> Budget:
    """That of the rendering under way."""
    return current.get() or Budget()


def _step(text: int) -> None:
    budget().step(text)


def compared(value: Any) -> Any:
    """One side of a comparison; its items are compared, and those of a string one by one."""
    value = seen(value)
    if isinstance(value, (str, list, tuple, dict)):
        measure(value)
    return value


def _container(value: Any) -> Any:
    """What something is looked for in; a dict does not look at its items."""
    return value if isinstance(value, dict) else compared(value)


def _hashed(value: Any) -> Any:
    if isinstance(value, tuple):
        measure(value)
    return value


def _tested(value: Any) -> Any:
    budget().step()
    return value


def _sliced(value: Any) -> Any:
    spend(size(value) // WORK)
    return value


METERS: dict[str, Callable[[Any], Any]] = {
    _STEP: _step,
    _COMPARED: compared,
    _CONTAINER: _container,
    _HASHED: _hashed,
    _TESTED: _tested,
    _SLICED: _sliced,
}
