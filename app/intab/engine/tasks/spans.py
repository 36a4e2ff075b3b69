"""Logits of starts and ends become answers, as transformers 4.57.6's pipeline makes them.

A span's score is the product of its start's and its end's probability in its window. Equal answers,
compared in lower case, have their scores added, over windows too: a score may pass 1.

https://github.com/huggingface/transformers/blob/v4.57.6/src/transformers/pipelines/question_answering.py
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray

Scores = NDArray[np.float32]  # [tokens]
_NOWHERE = -10000.0
Answer = dict[str, Any]


@dataclass(frozen=True)
class Spans:
    """A window: its logits [tokens], which tokens may be in an answer, its encoding, whether the
    context is its second text (1) or its first (0), and the context."""

    start: Scores
    end: Scores
    wanted: NDArray[np.bool_]
    found: tokenizers.Encoding
    place: int
    context: str


def best_answers(
    windows: Sequence[Spans], *, top_k: int, longest: int, impossible: bool, align: bool
) -> list[Answer]:
    """The best answers of all windows; `longest`: the most tokens of one."""
    answers: dict[str, Answer] = {}
    nothing = 1e6
    count = top_k * 2 + 10 if align else top_k  # equal ones fall together
    for window in windows:
        start, end = (_probabilities(x, window.wanted) for x in (window.start, window.end))
        if impossible:
            nothing = min(nothing, float(start[0] * end[0]))
        start[0] = end[0] = 0.0
        for first, last, score in best_spans(start, end, count, longest, window.wanted):
            begin, stop = characters(window, first, last, align=align)
            text = window.context[begin:stop]
            if known := answers.get(text.lower()):
                known["score"] += score
            else:
                answers[text.lower()] = {
                    "score": score,
                    "start": begin,
                    "end": stop,
                    "answer": text,
                }
    found = list(answers.values())
    if impossible:
        found.append({"score": nothing, "start": 0, "end": 0, "answer": ""})
    return sorted(found, key=lambda one: float(one["score"]), reverse=True)[:top_k]


def _probabilities(logits: Scores, wanted: NDArray[np.bool_]) -> Scores:
    seen = np.where(wanted, logits, np.float32(_NOWHERE))
    raised = np.exp(seen - seen.max())
    return np.asarray(raised / raised.sum(), np.float32)


def best_spans(
    start: Scores, end: Scores, count: int, longest: int, wanted: NDArray[np.bool_]
) -> list[tuple[int, int, float]]:
    """First token, last token and score of at most `count` spans whose ends are wanted."""
    scores = np.tril(np.triu(np.outer(start, end)), longest - 1)
    flat = scores.ravel()
    if count == 1:
        order = np.array([flat.argmax()])
    elif len(flat) < count:
        order = np.argsort(-flat)
    else:
        best = np.argpartition(-flat, min(count, len(flat) - 1))[:count]
        order = best[np.argsort(-flat[best])]
    firsts, lasts = np.unravel_index(order, scores.shape)
    return [
        (int(first), int(last), float(scores[first, last]))
        for first, last in zip(firsts, lasts, strict=True)
        if wanted[first] and wanted[last]
    ]


def characters(window: Spans, first: int, last: int, *, align: bool) -> tuple[int, int]:
    """Where a span begins and ends in the context, at the bounds of words if `align`."""
    found = window.found
    if align:
        begin, stop = (_word(found, token, window.place) for token in (first, last))
        if begin and stop:
            return begin[0], stop[1]
    return int(found.offsets[first][0]), int(found.offsets[last][1])


def _word(found: tokenizers.Encoding, token: int, place: int) -> tuple[int, int] | None:
    """Where the word of a token begins and ends, None if the tokenizer knows no words."""
    word = found.token_to_word(token)
    return None if word is None else found.word_to_chars(word, place)
