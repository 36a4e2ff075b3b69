"""Networks for the engine's tests: one that recites, one that computes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.runtime.network import TensorInfo
from intab.engine.types import Logits

EOS = 256
VOCABULARY = 257
WIDTH = 8
CONTEXT = 192


def make_plan(
    *, can_pad: bool = True, can_batch: bool = True, all_rows: bool = True
) -> DecoderPlan:
    """The plan of a graph without a cache."""
    ids, mask = (TensorInfo(name, "int64", ()) for name in ("input_ids", "attention_mask"))
    positions = TensorInfo("position_ids", "int64", ()) if can_pad else None
    return DecoderPlan(ids, mask, positions, None, None, None, (), can_batch, all_rows)


class FakeSession:
    """Answers with the ids of a script, one a step; the token after the script's end is EOS."""

    def __init__(self, script: Sequence[int]) -> None:
        self.script = list(script)
        self.steps: list[list[list[int]]] = []
        self.length = 0
        self.closed = False

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        self.steps.append([list(row) for row in ids])
        await asyncio.sleep(0)
        self.length += len(ids[0])
        logits = np.zeros((len(ids), rows, VOCABULARY), np.float32)
        logits[:, -1, self.script.pop(0) if self.script else EOS] = 5
        return logits

    async def rewind(self, length: int) -> None:
        self.length = min(length, self.length)

    async def select(self, sequences: Sequence[int]) -> None:
        """Every sequence has the same script."""

    def fork(self) -> FakeSession:
        copy = FakeSession(self.script)
        copy.length = self.length
        return copy

    def close(self) -> None:
        self.closed = True


class FakeNetwork:
    """Hands out sessions with the same script and keeps them for the test to look at."""

    plan = make_plan(all_rows=False)
    device = "fake"
    lost = False

    def __init__(self, script: Sequence[int] = ()) -> None:
        self.script = script
        self.sessions: list[FakeSession] = []
        self.closed = False

    def session(self, padding: Sequence[int] = (0,)) -> FakeSession:
        self.sessions.append(FakeSession(self.script))
        return self.sessions[-1]

    async def close(self) -> None:
        self.closed = True


def weights() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Token vectors, position vectors, the output matrix; multiples of 1/8 are exact in fp16."""
    rng = np.random.default_rng(5)

    def make(*shape: int) -> NDArray[np.float32]:
        return (rng.integers(-8, 9, shape) / 8).astype(np.float32)

    return make(VOCABULARY, WIDTH), make(CONTEXT, WIDTH), make(WIDTH, VOCABULARY)


class ToySession:
    """Each token and each position has a vector; their sum so far, times a matrix, is the logits.

    So a sequence with a wrong id, place or padding gives other logits.
    """

    def __init__(self, network: ToyNetwork, padding: Sequence[int], ids: Sequence[Sequence[int]]):
        self.network = network
        self.padding = list(padding)
        self.ids = [list(row) for row in ids]
        self.steps: list[list[list[int]]] = []
        self.closed = False
        network.sessions.append(self)

    @property
    def length(self) -> int:
        return len(self.ids[0])

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        self.network.plan.check_rows(rows)
        self.steps.append([list(row) for row in ids])
        await asyncio.sleep(0)
        self.ids = [old + list(new) for old, new in zip(self.ids, ids, strict=True)]
        tokens, places, out = weights()
        sums = [
            np.cumsum(tokens[row[pad:]] + places[: len(row) - pad], axis=0)[-rows:]
            for row, pad in zip(self.ids, self.padding, strict=True)
        ]
        return np.array(sums, np.float32) @ out

    async def rewind(self, length: int) -> None:
        self.ids = [row[:length] for row in self.ids]

    async def select(self, sequences: Sequence[int]) -> None:
        self.ids = [list(self.ids[i]) for i in sequences]
        self.padding = [self.padding[i] for i in sequences]

    def fork(self) -> ToySession:
        return ToySession(self.network, self.padding, self.ids)

    def close(self) -> None:
        self.closed = True


class ToyNetwork:
    """Hands out ToySessions and keeps them, forks as well, for the test to look at."""

    device = "toy"
    lost = False

    def __init__(self, plan: DecoderPlan | None = None) -> None:
        self.plan = plan or make_plan()
        self.sessions: list[ToySession] = []
        self.closed = False

    def session(self, padding: Sequence[int] = (0,)) -> ToySession:
        return ToySession(self, padding, [[] for _ in padding])

    async def close(self) -> None:
        self.closed = True
