"""What a prompt shows beside its words: rows that stand in the place of its tokens' embeddings.

    decoder = seeing(decoder, Seen(token=49190, rows=features))

A session of that decoder is fed ids as ever. Each that is `token` gets a row in the place of what
the graph of embeddings makes of it: the first one the first, the next one the next. Once the rows
are at an end it is embedded like any other, as transformers has it for one that a model writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from intab.engine.runtime.decoder import Decoder
from intab.errors import UnsupportedModelError


@dataclass(frozen=True)
class Seen:
    """The id of the tokens, and what stands in their place, in order: [count, size]."""

    token: int
    rows: NDArray[np.floating]

    def is_in(self, ids: NDArray[np.int64]) -> bool:
        """Whether one of these is such a token: few steps of a session have any."""
        return bool((ids == self.token).any())

    def put(self, embedded: NDArray[Any], ids: NDArray[np.int64], past: int) -> NDArray[Any]:
        """What was embedded, [batch, n, size], of those of `ids` [batch, length] after the first
        `past`, with the rows in their places."""
        found = embedded.copy()
        for row, written in zip(ids, found, strict=True):
            places = np.flatnonzero(row == self.token)
            seen = places[: len(self.rows)]
            new = np.flatnonzero(seen >= past)
            written[seen[new] - past] = self.rows[new]
        return found


@runtime_checkable
class SeeingDecoder(Decoder, Protocol):
    """A decoder that can be shown something: one with a graph that embeds."""

    def seeing(self, seen: Seen) -> Decoder:
        """The same graphs, with sessions that see that."""


def seeing(decoder: Decoder, seen: Seen) -> Decoder:
    """The same graphs, with sessions that see that; UnsupportedModelError if they cannot."""
    if not isinstance(decoder, SeeingDecoder) or decoder.plan.embeddings is None:
        raise UnsupportedModelError("The model has no graph that embeds ids: it sees nothing.")
    return decoder.seeing(seen)
