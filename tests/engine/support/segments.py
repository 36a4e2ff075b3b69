"""What classifiers of masks give, made from a seed, so that golden files need not keep it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLASSES = 70  # so many that torch sorts the best of few queries
NAMES = {
    "detr": ("logits", "pred_masks"),
    "maskformer": ("class_queries_logits", "masks_queries_logits"),
    "mask2former": ("class_queries_logits", "masks_queries_logits"),
}


def outputs_of(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores [1, queries, classes + 1] that are mostly sure, and masks [1, queries, 8, 10]."""
    random = np.random.default_rng(seed)
    count = int(random.integers(3, 6))
    scores = random.normal(0, 0.5, (1, count, CLASSES + 1))
    sure = random.integers(0, CLASSES + 1, count)
    scores[0, np.arange(count), sure] += random.uniform(3, 9, count)
    masks = random.normal(0, 2, (1, count, 8, 10)) + random.normal(0, 1, (1, count, 1, 1))
    return scores.astype(np.float32), masks.astype(np.float32)
