"""Tokens with their scores become entities, by the strategies of transformers' pipeline.

none: each token. simple: tokens of one label side by side are one. first, average and max: the same
of words, whose label is that of its first token, of its tokens' mean, of its surest token. A label
"B-X" begins an entity X, "I-X" and "X" go on with one.

https://github.com/huggingface/transformers/blob/main/src/transformers/pipelines/token_classification.py
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.text.tokenizer import Tokenizer

STRATEGIES = ("none", "simple", "first", "average", "max")
Scores = NDArray[np.float32]  # [labels]
Entity = dict[str, Any]


@dataclass
class Token:
    """A token, its number in the window, its place in the text, whether it goes on with a word."""

    word: str
    index: int
    start: int
    end: int
    inside: bool
    scores: Scores = field(default_factory=lambda: np.zeros(1, np.float32))


def entities(
    tokens: Sequence[Token], strategy: str, names: Mapping[int, str], tokenizer: Tokenizer
) -> list[Entity]:
    """The entities of a window's tokens."""
    if strategy in ("none", "simple"):
        found = [_alone(token, names) for token in tokens]
    else:
        choose = _CHOICES[strategy]
        words = [_word(group, choose, names, tokenizer) for group in _words(tokens)]
        found = words
    return found if strategy == "none" else [_group(some, tokenizer) for some in _runs(found)]


def _alone(token: Token, names: Mapping[int, str]) -> Entity:
    return {
        **_labelled(token.scores, names),
        "index": token.index,
        "word": token.word,
        "start": token.start,
        "end": token.end,
    }


def _labelled(scores: Scores, names: Mapping[int, str]) -> Entity:
    best = int(scores.argmax())
    return {"entity": names.get(best, f"LABEL_{best}"), "score": float(scores[best])}


def _words(tokens: Sequence[Token]) -> list[list[Token]]:
    words: list[list[Token]] = []
    for token in tokens:
        if words and token.inside:
            words[-1].append(token)
        else:
            words.append([token])
    return words


def _average(tokens: Sequence[Token]) -> Scores:
    return np.asarray(np.nanmean(np.stack([token.scores for token in tokens]), axis=0))


_CHOICES: dict[str, Callable[[Sequence[Token]], Scores]] = {
    "first": lambda tokens: tokens[0].scores,
    "max": lambda tokens: max(tokens, key=lambda token: float(token.scores.max())).scores,
    "average": _average,
}


def _word(
    tokens: Sequence[Token],
    choose: Callable[[Sequence[Token]], Scores],
    names: Mapping[int, str],
    tokenizer: Tokenizer,
) -> Entity:
    return {
        **_labelled(choose(tokens), names),
        "word": tokenizer.join([token.word for token in tokens]),
        "start": tokens[0].start,
        "end": tokens[-1].end,
    }


def _tag(name: str) -> tuple[str, str]:
    """B or I, and the label without that: what has neither goes on."""
    return (name[0], name[2:]) if name.startswith(("B-", "I-")) else ("I", name)


def _runs(found: Sequence[Entity]) -> list[list[Entity]]:
    """Entities of one label side by side, of which none but the first begins one."""
    runs = [[found[0]]] if found else []
    for last, entity in pairwise(found):
        begins, name = _tag(entity["entity"])
        if name == _tag(last["entity"])[1] and begins != "B":
            runs[-1].append(entity)
        else:
            runs.append([entity])
    return runs


def _group(some: Sequence[Entity], tokenizer: Tokenizer) -> Entity:
    scores = np.array([entity["score"] for entity in some], np.float32)
    return {
        "entity_group": some[0]["entity"].split("-", 1)[-1],
        "score": float(np.nanmean(scores)),
        "word": tokenizer.join([entity["word"] for entity in some]),
        "start": some[0]["start"],
        "end": some[-1]["end"],
    }


def without_overlaps(found: Sequence[Entity]) -> list[Entity]:
    """By their starts; of those that overlap the longest, then the one with the best score. As in
    transformers, a first one without a character stands there twice."""
    ordered = sorted(found, key=lambda one: int(one["start"]))
    kept = ordered[:1]
    for entity in ordered:
        last = kept[-1]
        if not last["start"] <= entity["start"] < last["end"]:
            kept.append(entity)
        elif _weight(entity) > _weight(last):
            kept[-1] = entity
    return kept


def _weight(entity: Entity) -> tuple[int, float]:
    return entity["end"] - entity["start"], entity["score"]
