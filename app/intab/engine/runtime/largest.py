"""Sessions that read the largest logits of a row back, and not the vocabulary.

On a GPU a row lies where the network computes, and a sampler that looks at the largest alone needs
no other. A row is as long as ever: what did not come is minus infinity, as if top_k had forbidden
it.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from intab.engine.types import Logits

MOST = 256  # logits of a row; of more the row is read


@runtime_checkable
class Narrowable(Protocol):
    """A Session, or what stands over one, that can do so."""

    def narrow(self, top: int) -> None:
        """From the next step on, give as few as the `top` largest logits of each row, and what may
        tie with them once divided by a temperature; 0: all. Rows may be whole all the same."""


def narrow(session: object, top: int) -> None:
    """Tell a session that no logits but the `top` largest of a row are needed, 0: all are."""
    if isinstance(session, Narrowable):
        session.narrow(top)


def rows_of(packed: NDArray[np.uint32]) -> Logits:
    """Rows of logits [rows, vocabulary] of what browser/js/ort/largest.mjs found in them.

    That is: the vocabulary, whether the logits were halves, the room for pairs in a row; then of
    each row how many pairs there are, whether a logit is NaN, and the pairs: a place, the bits
    there.
    """
    vocabulary, halves, room = packed[:3].tolist()
    lines = packed[3:].reshape(-1, 2 + 2 * room)
    rows = np.full((len(lines), vocabulary), -np.inf, np.float32)
    for row, line in zip(rows, lines, strict=True):
        places, bits = line[2 : 2 + 2 * int(line[0])].reshape(-1, 2).T
        row[places] = _floats(bits, halves=bool(halves))
    return rows


def _floats(bits: NDArray[np.uint32], *, halves: bool) -> NDArray[Any]:
    """Halves lie in the upper 16 bits."""
    if halves:
        return (bits >> 16).astype(np.uint16).view(np.float16)
    return np.ascontiguousarray(bits).view(np.float32)
