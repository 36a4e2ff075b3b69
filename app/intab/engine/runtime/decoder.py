"""A `Decoder` continues sequences of ids; a `Session` holds some of them, with their KV cache.

It stands on one network, or on two of which the first embeds ids. Both runtimes and the tests'
fakes keep these protocols; the tests' session_contract.py says what that means. Nothing here knows
text.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from intab.engine.io.protocols import B
from intab.engine.runtime.decoder_plan import DecoderPlan, plan_graph
from intab.engine.runtime.graphs import DecoderGraphs, Graph
from intab.engine.runtime.largest import narrow
from intab.engine.runtime.network import Network
from intab.engine.types import Logits

if TYPE_CHECKING:
    from intab.engine.runtime.seeing import Seen

N = TypeVar("N", bound=Network)

# What a step in a session that was closed says, as RunError.
CLOSED = "The chat was closed while it was answering: send again."
# What a session says whose cache cannot be cut; runtime/recompute.py asks it for no such thing.
STATES = "This model's cache has states, of which none of the last tokens can be taken back."


class Session(Protocol):
    """Sequences in a decoder, in step with each other, with their KV cache."""

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


class Decoder(Protocol):
    """Graphs that are ready to continue ids; sessions are independent sequences in them."""

    @property
    def device(self) -> str:
        """Where it runs and how, e.g. "wasm, 2 threads"."""

    @property
    def lost(self) -> bool:
        """Whether the device it ran on is gone."""

    @property
    def plan(self) -> DecoderPlan:
        """How the graph is fed, and its abilities."""

    def session(self, padding: Sequence[int] = (0,)) -> Session:
        """Empty sequences, one for each number of tokens of left padding."""

    async def close(self) -> None:
        """Give everything back; may be called twice."""


class DecoderOver:
    """The part of a Decoder over another one that is left to that."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    @property
    def device(self) -> str:
        """Where that runs."""
        return self._decoder.device

    @property
    def lost(self) -> bool:
        """Whether its device is gone."""
        return self._decoder.lost

    def seeing(self, seen: Seen) -> Self:
        """The same over a decoder that sees that."""
        from intab.engine.runtime.seeing import seeing  # few models see

        other = copy(self)
        other._decoder = seeing(self._decoder, seen)
        return other

    async def close(self) -> None:
        """Close it."""
        await self._decoder.close()


class SessionOver:
    """The part of a Session over another one that is left to that."""

    def __init__(self, inner: Session) -> None:
        self._inner = inner

    @property
    def length(self) -> int:
        """Tokens in the cache."""
        return self._inner.length

    def narrow(self, top: int) -> None:
        """The inner session's, if it can (largest.py)."""
        narrow(self._inner, top)

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens."""
        await self._inner.rewind(length)

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep, repeat and reorder sequences."""
        await self._inner.select(sequences)

    def close(self) -> None:
        """Give the cache's memory back."""
        self._inner.close()


async def open_planned(
    open_network: Callable[[Graph[B]], Awaitable[N]], graphs: DecoderGraphs[B]
) -> tuple[N, DecoderPlan, N | None]:
    """The networks of a decoder's graphs, and how to feed them; UnsupportedModelError, with nothing
    left open, if they cannot be fed ids."""
    network, embedder = await open_network(graphs.graph), None
    try:
        if graphs.embeddings:
            embedder = await open_network(graphs.embeddings)
        embeddings = (embedder.inputs, embedder.outputs) if embedder else None
        plan = plan_graph(network.inputs, network.outputs, graphs.config, graphs.names, embeddings)
    except BaseException:
        for opened in filter(None, (network, embedder)):
            await opened.close()
        raise
    return network, plan, embedder
