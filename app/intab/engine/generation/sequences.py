"""Opening a session for several sequences, side by side if the graph can, else one by one.

Some graphs cannot be padded on the left (GroupQueryAttention counts places from the first column),
some take one sequence at a time, and some give a sequence other numbers in company than alone (int8
activations scaled over the whole batch). Inputs and outputs do not always tell, so a graph is tried
once with three tokens; if a sequence in company differs from one alone, they run one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

import numpy as np

from intab.engine.runtime.decoder import Decoder, Session
from intab.engine.runtime.largest import narrow
from intab.engine.types import Logits

_PROBE = [[1, 2, 3], [3, 2, 1]]
# Rounding differs with the shape of a product by some 1e-6 of the largest logit.
_NEAR = 1e-3
_tried: WeakKeyDictionary[Any, dict[bool, bool]] = WeakKeyDictionary()


@runtime_checkable
class Sourced(Decoder, Protocol):
    """A decoder whose sequences go on from sources of their own."""

    @property
    def model(self) -> object:
        """What all decoders of this kind have in common."""

    def only(self, number: int) -> Decoder:
        """A decoder of one of the sources."""


async def open_session(decoder: Decoder, padding: Sequence[int], most: int) -> Session:
    """A session of `len(padding)` sequences, later `most`, whose logits are those of each alone."""
    if most == 1 or await _fits(decoder, padded=any(padding)):
        return decoder.session(padding)
    if isinstance(decoder, Sourced):
        singles = [decoder.only(i) for i in range(len(padding))]
        return OneByOne([single.session() for single in singles], padding)
    return OneByOne([decoder.session() for _ in padding], padding)


async def _fits(decoder: Decoder, *, padded: bool) -> bool:
    if not (decoder.plan.can_pad if padded else decoder.plan.can_batch):
        return False
    common: object = decoder
    if isinstance(decoder, Sourced):
        # Sequences of one source, so that they can be compared.
        common, decoder = decoder.model, decoder.only(0)
    known = _tried.setdefault(common, {})
    if padded not in known:
        known[padded] = await _try(decoder, 2 if padded else 0)
    return known[padded]


async def _try(decoder: Decoder, padding: int) -> bool:
    """Whether the second of two sequences has the same logits in company as alone."""
    first, second = [*_PROBE[0], *[1] * padding], [*[0] * padding, *_PROBE[1]]
    company, alone = decoder.session((0, padding)), decoder.session()
    try:
        found = (await company.step([first, second]))[1, -1]
        wanted = (await alone.step([_PROBE[1]]))[0, -1]
        if not decoder.plan.can_rewind:
            # States may hold padding that shows only once the session goes on.
            found = (await company.step([[1], [1]]))[1, -1]
            wanted = (await alone.step([[1]]))[0, -1]
    finally:
        company.close()
        alone.close()
    return bool(np.allclose(found, wanted, rtol=0, atol=_NEAR * float(np.abs(wanted).max())))


class OneByOne:
    """A Session of sessions of one sequence each; padding is left out."""

    def __init__(
        self, sessions: Sequence[Session], padding: Sequence[int], length: int = 0
    ) -> None:
        self.length = length
        self._sessions = list(sessions)
        self._padding = list(padding)

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; logits of padding alone are zeros."""
        found: list[Logits | None] = []
        for session, padding, row in zip(self._sessions, self._padding, ids, strict=True):
            new = row[max(padding - self.length, 0) :]
            found.append((await session.step([new], rows))[0] if new else None)
        self.length += len(ids[0])
        shape = next(one.shape for one in found if one is not None)
        return np.array([np.zeros(shape, np.float32) if one is None else one for one in found])

    def narrow(self, top: int) -> None:
        """Each of them."""
        for session in self._sessions:
            narrow(session, top)

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens."""
        self.length = min(length, self.length)
        for session, padding in zip(self._sessions, self._padding, strict=True):
            await session.rewind(max(self.length - padding, 0))

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep, repeat and reorder sequences."""
        before = self._sessions
        self._sessions = [before[i].fork() for i in sequences]
        self._padding = [self._padding[i] for i in sequences]
        for session in before:
            session.close()

    def fork(self) -> OneByOne:
        """An independent session with the same sequences."""
        return OneByOne([one.fork() for one in self._sessions], self._padding, self.length)

    def close(self) -> None:
        """Close each."""
        for session in self._sessions:
            session.close()
