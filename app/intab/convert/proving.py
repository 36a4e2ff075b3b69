"""A folder's self-test: prompts, and what follows them with each dtype in native onnxruntime.

The short prompt is tried on every device. The long one goes in at once, in two pieces, where a GPU
computes many ids by kernels of their own (engine/tasks/webgpu_checks.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intab.convert.running import Cache, Runner
from intab.engine.model_config import ModelConfig
from intab.engine.tasks.webgpu_checks import PIECES
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import ConvertError

PROMPT = "Once upon a time"
LONG_PROMPT = (
    "Once upon a time there was a little girl named Lily. She lived in a small house near "
    "the forest with her mother and her dog. One day she found a shiny red ball under the "
    "old tree. She wanted to play with it, but the ball was stuck between two big stones. "
    '"Can you help me?" she asked the dog. The dog pulled and pulled until the ball came '
    "out. Lily was very happy. They played in the garden all day, and then her mother "
    "called them to dinner."
)
LENGTH = 8  # ids recorded after the short prompt
SINGLE = 4  # of the ids recorded after the long one those that a step of one id gives


@dataclass(frozen=True)
class Prompts:
    """The ids of the short prompt, and the pieces of the long one, none where that does not fit
    the model's context."""

    short: list[int]
    pieces: list[list[int]]


@dataclass(frozen=True)
class Answers:
    """The best ids after the short prompt, and after the long one's pieces."""

    greedy: tuple[int, ...] = ()
    long: tuple[int, ...] = ()


def read_prompts(tokenizer: Tokenizer, config: Mapping[str, Any]) -> Prompts:
    """The prompts as ids."""
    ids = tokenizer.encode(LONG_PROMPT)
    ids = (ids * -(-sum(PIECES) // max(len(ids), 1)))[: sum(PIECES)]
    room = ModelConfig.of(config).context_length
    fits = ids and (room is None or room >= len(ids) + SINGLE)
    pieces = [ids[: PIECES[0]], ids[PIECES[0] :]] if fits else []
    return Prompts(tokenizer.encode(PROMPT), pieces)


def answer(runner: Runner, prompts: Prompts) -> Answers:
    """What a graph gives; no long answer where it takes no several ids after others."""
    greedy = tuple(runner.greedy(prompts.short, LENGTH))
    try:
        return Answers(greedy, tuple(_follow(runner, prompts.pieces)))
    except ConvertError:
        return Answers(greedy)


def _follow(runner: Runner, pieces: Sequence[list[int]]) -> list[int]:
    """The best id after each piece, then SINGLE more, one at a time."""
    best: list[int] = []
    cache: Cache = {}
    for step in range(len(pieces) + SINGLE if pieces else 0):
        fed = pieces[step] if step < len(pieces) else best[-1:]
        logits, cache = runner.step(fed, cache, rows=1)
        best.append(int(logits[-1].argmax()))
    return best


def self_test(prompts: Prompts, answers: Mapping[str, Answers]) -> dict[str, Any]:
    """The self-test as intab.json has it."""
    test: dict[str, Any] = {
        "prompt_ids": prompts.short,
        "greedy_ids": {dtype: list(found.greedy) for dtype, found in answers.items()},
    }
    long = {dtype: list(found.long) for dtype, found in answers.items() if found.long}
    return test | ({"long": {"pieces": prompts.pieces, "greedy_ids": long}} if long else {})
