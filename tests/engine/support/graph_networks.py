"""A Network that a Python function computes, for the engine's tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from intab.engine.runtime.network import (
    DTYPES,
    Arrays,
    TensorInfo,
    check_feeds,
    choose_outputs,
)
from intab.errors import ModelClosedError


class FunctionNetwork:
    """Runs `function` on the feeds; remembers them."""

    device = "fake"
    lost = False

    def __init__(
        self,
        inputs: Sequence[TensorInfo],
        outputs: Sequence[TensorInfo],
        function: Callable[[Arrays], Mapping[str, NDArray[Any]]],
    ) -> None:
        self.inputs, self.outputs, self._function = inputs, outputs, function
        self.ran: list[Arrays] = []
        self.closed = False

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        wanted = choose_outputs(self.outputs, outputs)
        given = check_feeds(self.inputs, feeds)
        if self.closed:
            raise ModelClosedError("The model was closed while it was running.")
        self.ran.append(given)
        await asyncio.sleep(0)
        found = self._function(given)
        return {name: found[name].copy() for name in wanted}

    async def close(self) -> None:
        self.closed = True


def identity() -> FunctionNetwork:
    """The network that network_contract.py is about."""
    inputs = [TensorInfo(f"x_{dtype}", dtype, (None, 3)) for dtype in DTYPES]
    outputs = [TensorInfo(f"y_{dtype}", dtype, (None, 3)) for dtype in DTYPES]
    return FunctionNetwork(
        [*inputs, TensorInfo("scalar", "float32", ())],
        [*outputs, TensorInfo("scalar_out", "float32", ())],
        lambda feeds: {
            "scalar_out" if name == "scalar" else name.replace("x_", "y_"): value
            for name, value in feeds.items()
        },
    )
