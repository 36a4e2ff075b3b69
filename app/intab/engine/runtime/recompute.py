"""Sessions whose cache does not hold for ever: what it lost is computed again, unseen.

Two kinds of models need it. With longrope (engine/model_config.py) a cache is valid on one side of
a total length only; so transformers drops it (Phi3ForCausalLM.prepare_inputs_for_generation).
States of convolutions and state spaces have no rows, so that their last tokens cannot be taken
back: a session that is rewound starts from where it last went on, or again.

    decoder = recompute_where_needed(decoder)

It stands between the user of a session (pieces of a prompt, chats, beams, guesses) and the
platform's, and knows no graph.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from intab.engine.runtime.decoder import Decoder, DecoderOver, Session
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.runtime.largest import narrow
from intab.engine.types import Logits

PIECE = 512  # tokens that are computed again at once


def recompute_where_needed(decoder: Decoder) -> Decoder:
    """The decoder itself if its cache always holds, else one whose sessions see to that."""
    plan = decoder.plan
    needed = plan.caches and (plan.switch_at or not plan.can_rewind)
    return RecomputingDecoder(decoder) if needed else decoder


class RecomputingDecoder(DecoderOver):
    """A decoder whose sessions compute again what their cache lost."""

    @property
    def plan(self) -> DecoderPlan:
        """That of the other one."""
        return self._decoder.plan

    def session(self, padding: Sequence[int] = (0,)) -> RecomputingSession:
        """Empty sequences."""
        ids: list[list[int]] = [[] for _ in padding]
        return RecomputingSession(self._decoder.session(padding), self.plan, ids)


class RecomputingSession:
    """A Session over another one, which has a beginning of the same ids, or more than these."""

    def __init__(self, inner: Session, plan: DecoderPlan, ids: Sequence[Sequence[int]]) -> None:
        self._inner = inner
        self._plan = plan
        self._ids = [list(row) for row in ids]
        self._long = False  # on which side of the switch the inner cache was made
        self._begun: Session | None = None  # where states were when it last went on

    @property
    def length(self) -> int:
        """Tokens of each sequence."""
        return len(self._ids[0])

    def least_piece(self, total: int) -> int:
        """How many tokens the next step must have, if there will be `total`, so that none of them
        is computed twice."""
        switch = self._plan.switch_at
        return max(switch + 1 - self.length, 1) if 0 < switch < total else 1

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the logits of the last `rows`, each as if it came last."""
        before = self.length
        new, switch = len(ids[0]), self._plan.switch_at
        beyond = before + new - switch if switch else 0  # new tokens after the switch
        try:
            if not 0 < beyond < rows:
                return await self._append(ids, rows)
            first = await self._append([row[:-beyond] for row in ids], rows - beyond)
            last = await self._append([row[-beyond:] for row in ids], beyond)
            return np.concatenate([first, last], axis=1)
        except BaseException:
            self._shorten(before)
            raise

    def narrow(self, top: int) -> None:
        """The inner sessions', now and later."""
        for session in filter(None, (self._inner, self._begun)):
            narrow(session, top)

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens; what that costs is paid by the next step."""
        if length < self.length:
            self._shorten(length)
        elif length and self._inner.length == self.length and not self._plan.can_rewind:
            self._begin(self._inner.fork())

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep, repeat and reorder sequences."""
        await self._inner.select(sequences)
        self._begin(None)
        self._ids = [list(self._ids[i]) for i in sequences]

    def fork(self) -> RecomputingSession:
        """An independent session with the same sequences."""
        other = RecomputingSession(self._inner.fork(), self._plan, self._ids)
        other._long = self._long
        other._begun = self._begun.fork() if self._begun else None
        return other

    def close(self) -> None:
        """Close the inner sessions."""
        self._begin(None)
        self._inner.close()

    def _begin(self, begun: Session | None) -> None:
        if self._begun:
            self._begun.close()
        self._begun = begun

    def _shorten(self, length: int) -> None:
        if self._begun and self._begun.length > length:
            self._begin(None)
        self._ids = [row[:length] for row in self._ids]

    async def _append(self, ids: Sequence[Sequence[int]], rows: int) -> Logits:
        await self._settle(self.length + len(ids[0]))
        start = self._inner.length
        missing = [[*old[start:], *new] for old, new in zip(self._ids, ids, strict=True)]
        ends = self._ends(self.length - start, len(missing[0]), rows)
        start = 0
        for end in ends:
            await self._inner.step([row[start:end] for row in missing])
            start = end
        logits = await self._inner.step([row[start:] for row in missing], rows)
        for old, new in zip(self._ids, ids, strict=True):
            old.extend(new)
        return logits

    def _ends(self, lost: int, count: int, rows: int) -> range:
        """After how many of `count` tokens, of which the first `lost` are computed again, a piece
        ends; not the last one, which has at least `rows`."""
        if not lost:
            return range(0)
        beyond = self._plan.switch_at + 1 - self._inner.length if self._long else 0
        return range(max(PIECE, beyond), count - rows + 1, PIECE)

    async def _settle(self, total: int) -> None:
        """Leave in the inner session what holds for `total` tokens."""
        inner, long = self._inner, 0 < self._plan.switch_at < total
        if long != self._long and inner.length:
            self._begin(None)
            await inner.rewind(0)
        self._long = long
        if inner.length <= self.length:
            return
        if self._plan.can_rewind:
            await inner.rewind(self.length)
        elif self._begun and self._begun.length <= self.length:
            self._inner = self._begun.fork()
            inner.close()
        else:
            await inner.rewind(0)


def least_piece(session: Session, total: int) -> int:
    """How many tokens a session's next step must have, if there will be `total`, so that none is
    computed twice."""
    least = getattr(session, "least_piece", None)
    return least(total) if least else 1
