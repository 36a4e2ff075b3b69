"""The prompt's way into a session, piece by piece.

So memory is that of a piece, Stop acts between two of them, and somebody can be told how far
it is. The logits are those of the whole at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from intab.engine.io.protocols import silent
from intab.engine.runtime.decoder import Session
from intab.engine.runtime.recompute import least_piece
from intab.engine.types import Logits
from intab.errors import RunError

OnPrefill = Callable[[int], None]


async def prefill(
    session: Session, ids: Sequence[Sequence[int]], size: int, on_prefill: OnPrefill = silent
) -> Logits:
    """Append `ids` [batch][n], `size` at a time; the logits [batch, vocab] after the last.

    `on_prefill` gets after each piece how many of the n tokens are in. A piece is larger if what
    comes after it would make the session compute it again.
    """
    total, before = len(ids[0]), session.length
    end = 0
    while end < total:
        least = least_piece(session, before + total)
        start, end = end, min(end + max(size, least), total)
        logits = await append(session, [row[start:end] for row in ids])
        on_prefill(end)
    return logits[:, -1]


async def append(session: Session, piece: Sequence[Sequence[int]]) -> Logits:
    """The piece in one step, or one by one in a graph that takes no several tokens after others;
    the logits [batch, rows, vocab] after the last.

    Such are onnxruntime-genai's exports with MultiHeadAttention: their mask fits a whole prompt, or
    one token.
    """
    try:
        return await session.step(piece)
    except RunError:
        if not session.length or len(piece[0]) == 1:
            raise
    for column in zip(*piece, strict=True):
        logits = await session.step([[token] for token in column])
    return logits
