"""What public objects say of themselves: `str` of each is a line that one can read."""

from __future__ import annotations

import pytest

from intab.engine.chat import Snapshot
from intab.engine.display.asking import Controls
from intab.engine.generation.logprobs import TokenLogprob
from intab.engine.generation.metrics import Metrics
from intab.engine.io.protocols import Progress, Room
from intab.engine.model import Model
from intab.engine.storage.storage import Verdict
from intab.engine.storage.stored import StoredFile, StoredModel
from tests.engine.support.networks import ToyNetwork

FILES = (StoredFile("model.onnx", 6_000_000, 6_000_000, verified=True),)
TOP = (TokenLogprob(1, " a", -0.5), TokenLogprob(2, "\n", -2.0))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            Metrics(20, 60, 0.123, 300.4, 45.12),
            "first token after 0.12 s; prompt 20 tokens, 300 tokens/s; "
            "answer 60 tokens, 45.1 tokens/s",
        ),
        (
            Metrics(20, 1, 0.5, 30, 0, cached_tokens=5),
            "first token after 0.50 s; prompt 20 tokens, 5 of them kept, 30 tokens/s; "
            "answer 1 tokens, 0.0 tokens/s",
        ),
        (TokenLogprob(1, " a", -0.5), "' a' 60.7 %"),
        (TokenLogprob(2, "\n", -2.0, TOP), "'\\n' 13.5 % (' a' 60.7 %, '\\n' 13.5 %)"),
        (Progress("run", loaded=3, total=40), "run: 3 of 40"),
        (Room(1_500_000, 2_000_000_000), "1.5 MB used of 2,000.0 MB"),
        (Room(None, 2_000_000, True), "an unknown number of MB used of 2.0 MB, kept for good"),
        (Verdict(1_000, ()), "1,000 bytes are right; nothing is damaged"),
        (Verdict(0, ("a.onnx", "b.json")), "0 bytes are right; a.onnx, b.json is damaged"),
        (
            StoredModel("org/name", "https://a/", "", "", FILES, 6_000_000, True, None),
            "org/name: 6.0 MB, complete",
        ),
        (StoredModel("a", "https://a/", "", "", (), None, False, None), "a: 0.0 MB, incomplete"),
        (Snapshot([{}], None, (1, 2)), "<intab.Snapshot of 1 messages, 2 tokens>"),
        (Controls({"loud": {"kind": "tick", "value": True}}), "loud=True"),
    ],
)
def test_it_is_one_line(value: object, said: str) -> None:
    assert str(value) == said


async def test_a_chat_is_what_was_said(toy: tuple[Model, ToyNetwork]) -> None:
    chat = toy[0].chat(system="S")
    answer = await chat.send("Hi")
    assert str(chat) == f"system: S\nuser: Hi\nassistant: {answer}"
    assert str(toy[0].chat()) == "(nothing was said yet)"
    assert str(toy[0]) == "<intab.Model 'toy', q8 on toy>"
    assert str(toy[0].tokenizer) == "<intab.Tokenizer of 257 tokens>"
