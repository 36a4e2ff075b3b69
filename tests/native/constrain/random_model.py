"""A model of random weights over a real vocabulary, whose answers are noise by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from intab.engine.model import Model, Texts
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from tests.conftest import ROOT
from tests.engine.conftest import SHORT
from tests.engine.support.networks import FakeNetwork, FakeSession

WIDTH = 16
# Without a push noise goes on until it is cut: these end strings, lists and objects.
ENDS = ('"', "]", "}", '"]', '"}', ", ")
PUSH = 6.0


@cache
def tokenizer() -> Tokenizer:
    """That of the default model, with merges."""
    return Tokenizer((ROOT / "models" / "default" / "tokenizer.json").read_text("utf-8"))


class _Session(FakeSession):
    """The logits after an id depend on it and on how many there were."""

    def __init__(self, network: RandomNetwork) -> None:
        super().__init__(())
        self._network = network

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        self.length += len(ids[0])
        return np.stack([self._network.rows(row, self.length, rows) for row in ids])


class RandomNetwork(FakeNetwork):
    """Weights of a seed."""

    def __init__(self, size: int, seed: int) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        self._vectors, self._places, self._out = (
            rng.normal(size=shape).astype(np.float32)
            for shape in ((size, WIDTH), (997, WIDTH), (WIDTH, size))
        )

    def rows(self, ids: Sequence[int], length: int, count: int) -> Logits:
        """The logits after the last ids of a piece that ends at a length."""
        places = self._places[np.arange(length - count, length) % len(self._places)]
        found = (self._vectors[list(ids[-count:])] + places) @ self._out
        return found.astype(np.float32, copy=False)

    def session(self, padding: Sequence[int] = (0,)) -> FakeSession:
        return _Session(self)


def random_model(seed: int, known: Tokenizer | None = None) -> Model:
    """A model with the weights of a seed and a tokenizer, that of the default model if left out."""
    known = known or tokenizer()
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "eos_token_id": 0}
    texts = Texts(known, config, {}, {}, {"default": SHORT})
    return Model("random", "q8", "", RandomNetwork(known.size, seed), texts)


def pushed(known: Tokenizer) -> dict[int, float]:
    """The option logit_bias that makes ends likely."""
    found = (known.encode(text) for text in ENDS)
    return {ids[0]: PUSH for ids in found if len(ids) == 1}
