"""What computes: a `Network` is a loaded graph, a `Session` holds sequences in it.

Both runtimes and the tests' fakes keep these protocols; the tests' session_contract.py says
what that means. Nothing here knows text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.types import Logits

# What a step in a session that was closed says, as RunError.
CLOSED = "The chat was closed while it was answering: send again."
# What a session says whose cache cannot be cut; runtime/recompute.py asks it for no such thing.
STATES = "This model's cache has states, of which none of the last tokens can be taken back."


class Session(Protocol):
    """Sequences in a loaded network, in step with each other, with their KV cache."""

    @property
    def length(self) -> int:
        """Tokens in the cache, of each sequence, padding included."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the float32 logits [batch, rows, vocab] of the last `rows`.

        Padding comes first, as whatever ids. A step that is cancelled, or fails, changes nothing.
        """

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens. A platform's session whose plan cannot rewind takes
        none or all of them."""

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep the sequences of these numbers, in this order, repeated as they are."""

    def fork(self) -> Session:
        """An independent session with the same sequences; the cache is shared until one changes."""

    def close(self) -> None:
        """Give the cache's memory back; may be called twice."""


class Network(Protocol):
    """A graph that is ready to run; sessions are independent sequences in it."""

    @property
    def device(self) -> str:
        """Where it runs and how, e.g. "wasm, 2 threads"."""

    @property
    def lost(self) -> bool:
        """Whether the device it ran on is gone."""

    @property
    def plan(self) -> DecoderPlan:
        """How the graph is fed, and what it can do."""

    def session(self, padding: Sequence[int] = (0,)) -> Session:
        """Empty sequences, one for each number of tokens of left padding."""

    async def close(self) -> None:
        """Give everything back; may be called twice."""


class NetworkOver:
    """What a Network over another one leaves to it."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def device(self) -> str:
        """Where the network runs."""
        return self._network.device

    @property
    def lost(self) -> bool:
        """Whether its device is gone."""
        return self._network.lost

    async def close(self) -> None:
        """Close the network."""
        await self._network.close()
