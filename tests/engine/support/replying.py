"""A model of a family with marks, which recites one reply a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from tokenizers import AddedToken
from tokenizers import Tokenizer as Backend

from intab.engine.model import Model, Texts
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from tests.engine.support.networks import EOS, FakeNetwork, FakeSession

TEMPLATE = (
    "{% for t in tools or [] %}{{ t.function.name }};{% endfor %}"
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{% for c in m.tool_calls or [] %}({{ c.function.name }}){% endfor %}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>"
    "{% if enable_thinking %}<think>\n{% endif %}{% endif %}"
)


def marked(base: str, marks: Mapping[str, bool]) -> Tokenizer:
    """A tokenizer with more tokens, each special or not."""
    backend = Backend.from_str(base)
    backend.add_tokens([AddedToken(mark, special=special) for mark, special in marks.items()])
    return Tokenizer(backend.to_str())


class Session(FakeSession):
    """Begins the next reply with each prompt."""

    def __init__(self, network: Reciting) -> None:
        super().__init__(())
        self._network = network
        self._begins = True

    async def rewind(self, length: int) -> None:
        await super().rewind(length)
        self._begins = True

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if self._begins:
            replies = self._network.replies  # the last one again and again
            self.script = list(replies.pop(0) if len(replies) > 1 else replies[0])
            self._begins = False
        else:
            del self.script[: len(ids[0]) - 1]  # tokens that a grammar forced
        await asyncio.sleep(0)
        self.length += len(ids[0])
        logits = np.zeros((len(ids), rows, self._network.size), np.float32)
        logits[:, -1, self.script.pop(0) if self.script else EOS] = 5
        return logits

    def fork(self) -> Session:
        copy = Session(self._network)
        copy.script, copy.length = list(self.script), self.length
        copy._begins = self._begins
        return copy


class Reciting(FakeNetwork):
    def __init__(self, replies: Sequence[Sequence[int]], size: int) -> None:
        super().__init__()
        self.replies = list(replies)
        self.size = size

    def session(self, padding: Sequence[int] = (0,)) -> FakeSession:
        assert set(padding) == {0}
        return Session(self)


def reciting(tokenizer: Tokenizer, *replies: str) -> Model:
    """A model that gives these replies, one a turn."""
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "eos_token_id": EOS}
    size = len(tokenizer.vocabulary())
    network = Reciting([tokenizer.encode(reply) for reply in replies], size)
    texts = Texts(tokenizer, config, {"max_new_tokens": 900}, {}, {"default": TEMPLATE})
    return Model("reciting", "q8", "for the test", network, texts)
