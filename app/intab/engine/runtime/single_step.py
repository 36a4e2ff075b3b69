"""Graphs that are right for one id a step only, fed so.

decoder_with_past_model.onnx is exported to go on after a past, one token at a time: some were
traced without a causal mask, so that several new tokens would see each other, and some take one
alone. Such a network is tried once when it is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from intab.engine.runtime.decoder import Decoder, DecoderOver, Session, SessionOver
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.types import Logits
from intab.errors import RunError

_PROBE = [1, 2, 3, 1]
_NEAR = 1e-2  # of the logits' range; int8 activations have one scale a step, and so differ a little


def is_for_single_steps(graph: str, plan: DecoderPlan) -> bool:
    """Whether a graph may be right for one id a step only, by its name or its input's shape."""
    ids = plan.input_ids
    return "decoder_with_past" in graph or (ids is not None and ids.shape[1:2] == (1,))


async def made_right(decoder: Decoder, graph: str) -> Decoder:
    """The decoder, stepwise if several ids in one step give it other numbers than one by one."""
    if not is_for_single_steps(graph, decoder.plan) or await _agrees(decoder):
        return decoder
    return SingleStep(decoder)


async def _agrees(decoder: Decoder) -> bool:
    whole, single = decoder.session(), SingleStep(decoder).session()
    try:
        await whole.step([_PROBE])
        await single.step([_PROBE])
        found, wanted = [(await session.step([_PROBE[:1]]))[0, -1] for session in (whole, single)]
    except RunError:  # it takes one alone; or it does not run, which its first run will say
        return False
    finally:
        whole.close()
        single.close()
    return bool(np.abs(found - wanted).max() <= _NEAR * np.ptp(wanted))


class SingleStep(DecoderOver):
    """A Decoder whose sessions feed another's one id at a time."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__(decoder)
        # One row comes of each step, and several would cost as many steps: nothing guesses ahead. A
        # step of padding alone would see nothing: without position_ids a plan has no padding.
        self.plan = replace(decoder.plan, all_rows=False, position_ids=None)

    def session(self, padding: Sequence[int] = (0,)) -> SingleStepSession:
        """Empty sequences."""
        return SingleStepSession(self._decoder.session(padding), self.plan)


class SingleStepSession(SessionOver):
    """A Session that takes one id a step to another."""

    def __init__(self, inner: Session, plan: DecoderPlan) -> None:
        super().__init__(inner)
        self._plan = plan

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the float32 logits [batch, 1, vocab] after the last."""
        self._plan.check_rows(rows)
        start = self.length
        try:
            for column in zip(*ids, strict=True):
                logits = await self._inner.step([[token] for token in column])
        except BaseException:
            await self._inner.rewind(start)
            raise
        return logits

    def fork(self) -> SingleStepSession:
        """An independent session with the same sequences."""
        return SingleStepSession(self._inner.fork(), self._plan)
