"""Networks whose outputs may stay where they compute, to be fed to a later run.

    read, kept = await network.compute(feeds, ["logits"], ["present.0.key"])
    read, kept = await network.compute({**feeds, "past.0.key": kept["present.0.key"]}, ["logits"])

What stays is a handle: an OrtValue in CPython, in a browser the number of a tensor in JavaScript,
in onnxruntime's own memory or on the GPU. `Tensors` counts who holds some of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays, Network, TensorInfo
from intab.errors import RunError

Kept = Any  # a handle, of whichever platform
Feeds = Mapping[str, Any]  # arrays and handles


class KeepingNetwork(Network, Protocol):
    """A network that can leave outputs where they are."""

    async def put(self, arrays: Sequence[NDArray[Any]]) -> list[Kept]:
        """Handles of tensors of these values."""

    async def compute(
        self, feeds: Feeds, read: Sequence[str], keep: Sequence[str] = ()
    ) -> tuple[Arrays, dict[str, Kept]]:
        """Run once: the outputs to be `read` as arrays (of three dimensions, the last row alone:
        [batch, 1, size]), those to `keep` as handles. RunError if onnxruntime fails."""

    async def take(self, kept: Sequence[Kept], sequences: Sequence[int]) -> list[Kept]:
        """New handles of tensors with these sequences of the first axis, in this order."""

    def drop(self, kept: Iterable[Kept], *, now: bool = False) -> None:
        """Give handles' memory back: with the next run, or `now`."""


class Tensors:
    """Handles by name, held by one session or several."""

    def __init__(self, network: KeepingNetwork, values: Mapping[str, Kept]) -> None:
        self._network = network
        self.values = dict(values)
        self._holders = 1

    def share(self) -> Tensors:
        """The same, held once more."""
        self._holders += 1
        return self

    def release(self, *, now: bool = False) -> None:
        """One holder less; the last one gives the memory back."""
        self._holders -= 1
        if not self._holders:
            self._network.drop(self.values.values(), now=now)
            self.values = {}

    async def taken(self, sequences: Sequence[int]) -> Tensors:
        """Those sequences of each."""
        found = await self._network.take(list(self.values.values()), sequences)
        return Tensors(self._network, dict(zip(self.values, found, strict=True)))


def check_handles(inputs: Sequence[TensorInfo], feeds: Feeds) -> None:
    """RunError for an input that is missing or that the graph does not have."""
    names = {info.name for info in inputs}
    wrong = names.symmetric_difference(feeds)
    if wrong:
        raise RunError(
            f"The inputs {', '.join(sorted(wrong))} are missing or unknown; the graph takes "
            f"{', '.join(sorted(names))}."
        )
