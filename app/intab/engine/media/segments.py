"""Segments of a picture from what mask classifiers give: scores [queries, classes + 1], the last of
which stands for nothing, and masks [queries, h, w], both logits.

Steps and defaults are those of transformers' `post_process_panoptic_segmentation` and its kin:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/maskformer/image_processing_maskformer.py
A query at a time is brought to the picture's size, so that a large one needs no more than a few
maps of its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.interpolation import Floats, bilinear, nearest
from intab.engine.media.resizing import Size

Mask = NDArray[np.bool_]
_NEVER = np.float32(1e-6)


@dataclass(frozen=True)
class Found:
    """A segment: its class, its score from 0 to 1 with six digits, its mask [height, width]."""

    label: int
    score: float
    mask: Mask


@dataclass(frozen=True)
class Thresholds:
    """What a query must score, what a pixel must have, and how much of its pixels a segment must
    keep beside those of others; 0 to 1 each."""

    score: float = 0.9
    mask: float = 0.5
    overlap: float = 0.5


def segments(scores: Floats, masks: Floats, size: Size, least: Thresholds) -> list[Found]:
    """Each pixel belongs to one query at most: to that whose mask, weighed by its score, is the
    most there."""
    best, labels = scores.max(-1), scores.argmax(-1)
    kept = np.flatnonzero((labels != scores.shape[-1] - 1) & (best > least.score))
    if not len(kept):
        return []
    owner, areas = np.zeros(size, np.int32), []
    most = np.full(size, -np.inf, np.float32)
    for place, query in enumerate(kept):
        weighed = bilinear(masks[query], *size) * best[query]
        areas.append(int((weighed >= least.mask).sum()))
        better = weighed > most
        owner[better], most[better] = place, weighed[better]
    return list(_large_enough(owner, areas, labels[kept], best[kept], least.overlap))


def _large_enough(
    owner: NDArray[np.int32],
    areas: list[int],
    labels: NDArray[np.intp],
    scores: Floats,
    least: float,
) -> Iterator[Found]:
    for place, area in enumerate(areas):
        mask = owner == place
        have = int(mask.sum())
        if have and area and np.float32(have) / np.float32(area) > least:
            yield Found(int(labels[place]), round(float(scores[place]), 6), mask)


def instances(scores: Floats, logits: Floats, size: Size, least: float) -> list[Found]:
    """The best pairs of query and class, as many as there are queries; a pixel belongs to the last
    of those that have it."""
    flat = scores[:, :-1].reshape(-1)
    order = np.argsort(-flat, kind="stable")[: len(scores)]
    classes = scores.shape[-1] - 1
    owner, found = np.full(size, -1, np.int32), list[tuple[int, float]]()
    for pair in order:
        logit = logits[pair // classes]
        inside = (logit > 0).astype(np.float32)
        score = float(flat[pair] * ((sigmoid(logit) * inside).sum() / (inside.sum() + _NEVER)))
        mask = nearest(inside, *size) == 1
        if mask.any() and score >= least:
            owner[mask] = len(found)
            found.append((int(pair % classes), round(score, 6)))
    return [Found(label, score, owner == place) for place, (label, score) in enumerate(found)]


def class_scores(scores: Floats, masks: Floats) -> Floats:
    """How much each pixel is of each class: [classes, h, w]."""
    return np.asarray(np.tensordot(scores[:, :-1], masks, (0, 0)), np.float32)


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e ** -x), without an overflow."""
    raised = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1, raised) / (1 + raised), np.float32)
