"""The first id in a step of its own, for graphs with one scale for all ids of a step.

    decoder = FirstAlone(decoder)

So the hub's int8 files compute (dynamic quantization). A model's first token has by far the largest
activations, and beside it the others would be rounded to little; what they leave in the cache stays
so. Gemma 3 270M loses half as much where it comes alone (docs/convert.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from intab.engine.runtime.decoder import Decoder, DecoderOver, Session, SessionOver
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.runtime.recompute import least_piece
from intab.engine.types import Logits
from intab.errors import RunError

COARSE = (
    "coarse: int8 with one scale for all ids of a step, `intab convert --from-onnx` gives each "
    "its own"
)


class FirstAlone(DecoderOver):
    """A Decoder over another one; sequences with padding begin as they did."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__(decoder)
        self.plan: DecoderPlan = decoder.plan

    def session(self, padding: Sequence[int] = (0,)) -> Session:
        """Empty sequences. A step of padding alone would see nothing."""
        inner = self._decoder.session(padding)
        return inner if any(padding) else FirstAloneSession(inner)


class FirstAloneSession(SessionOver):
    """A Session over another one."""

    def least_piece(self, total: int) -> int:
        """The inner session's."""
        return least_piece(self._inner, total)

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the logits of the last `rows`."""
        if self.length or len(ids[0]) == 1:
            return await self._inner.step(ids, rows)
        try:
            return await self._in_two(ids, rows)
        except RunError:  # a graph that takes no several ids after others
            await self._inner.rewind(0)
            return await self._inner.step(ids, rows)
        except BaseException:
            await self._inner.rewind(0)
            raise

    async def _in_two(self, ids: Sequence[Sequence[int]], rows: int) -> Logits:
        first = await self._inner.step([row[:1] for row in ids])
        rest = [row[1:] for row in ids]
        if rows < len(ids[0]):
            return await self._inner.step(rest, rows)
        return np.concatenate([first, await self._inner.step(rest, rows - 1)], axis=1)

    def fork(self) -> FirstAloneSession:
        """An independent session with the same sequences."""
        return FirstAloneSession(self._inner.fork())
