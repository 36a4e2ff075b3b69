"""What an encoder made of sources, side by side for a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoded:
    """What the encoder made of one source: [1, length, size], which places are its own, and the
    ids that it read, if it reads ids."""

    hidden: NDArray[np.floating]
    mask: NDArray[np.int64]
    ids: tuple[int, ...] = ()


def stacked(sources: Sequence[Encoded]) -> Encoded:
    """Side by side: the shorter ones end in places that the mask hides."""
    longest = max(source.hidden.shape[1] for source in sources)
    parts = []
    for source in sources:
        rest = longest - source.hidden.shape[1]
        hidden = np.pad(source.hidden, ((0, 0), (0, rest), (0, 0)))
        parts.append(Encoded(hidden, np.pad(source.mask, ((0, 0), (0, rest)))))
    return Encoded(
        np.concatenate([part.hidden for part in parts]),
        np.concatenate([part.mask for part in parts]),
    )
