"""lm_head: a matrix of its own, or the embedding once more."""

from __future__ import annotations

import numpy as np

from intab.convert.architecture import Array, Linear
from intab.convert.checkpoint import Checkpoint


def read_head(checkpoint: Checkpoint, name: str, embedding: Array, *, tied: bool) -> Linear | None:
    """The tensor `name` [vocabulary, hidden], None where the embedding serves. One that is stored
    and differs is not tied, whatever the config says: so does transformers."""
    if tied and not checkpoint.has(name):
        return None
    head = checkpoint.tensor(name, embedding.shape)
    return None if tied and np.array_equal(head, embedding) else Linear(head.T)
