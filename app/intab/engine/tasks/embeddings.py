"""Vectors of tokens become a text's; vectors become smaller numbers, and similarities.

The numbers are sentence-transformers' (6.2): Pooling, util.quantization and util.similarity.

>>> quantize(np.array([[0.5, -1], [1, 0.5]]), "ubinary").tolist()
[[128], [192]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.errors import OptionError

Floats = NDArray[np.float32]
PRECISIONS = ("float32", "int8", "uint8", "binary", "ubinary")


def pool(tokens: Floats, modes: Sequence[str], skip: int = 0) -> Floats:
    """The vector [modes * hidden] of a text's tokens [tokens, hidden], without its `skip` first."""
    kept = tokens[skip:] if skip < len(tokens) else tokens[:0]
    return np.concatenate([_pool(tokens, kept, mode, skip) for mode in modes])


def _pool(tokens: Floats, kept: Floats, mode: str, skip: int) -> Floats:
    if mode == "cls":
        return np.asarray((kept if len(kept) else tokens)[0])
    if mode == "lasttoken":
        return np.asarray(tokens[-1] if len(kept) else tokens[-1] * 0)
    if mode == "max":
        return np.asarray(kept.max(0, initial=-np.inf))
    if mode == "weightedmean":
        weights = np.arange(skip + 1, skip + 1 + len(kept), dtype=np.float32)[:, None]
        return np.asarray((kept * weights).sum(0) / max(weights.sum(), 1e-9), np.float32)
    count = max(len(kept), 1e-9)
    divided_by = count if mode == "mean" else np.sqrt(count)
    return np.asarray(kept.sum(0) / np.float32(divided_by), np.float32)


def normalized(vectors: Floats) -> Floats:
    """Of length 1, along the last axis; zeros stay zeros."""
    lengths = np.sqrt((vectors * vectors).sum(-1, keepdims=True))
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def quantize(
    vectors: NDArray[Any],
    precision: str,
    ranges: NDArray[Any] | None = None,
    calibration: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Vectors [texts, dimensions] as "int8" or "uint8" of each dimension's range, which is `ranges`
    [2, dimensions] or that of `calibration`; or a bit a dimension, eight to a byte ("ubinary", and
    "binary" less 128)."""
    if precision not in PRECISIONS:
        raise OptionError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
    if vectors.dtype.kind != "f":
        raise OptionError(f"Vectors to be quantised are floats, not {vectors.dtype.name}.")
    if precision == "float32":
        return vectors.astype(np.float32)
    if precision.endswith("binary"):
        bits = np.packbits(vectors > 0, axis=-1)
        return bits if precision == "ubinary" else (bits.astype(np.int16) - 128).astype(np.int8)
    if ranges is None:
        ranges = _ranges(vectors if calibration is None else calibration, precision)
    low, high = ranges.astype(np.float32)
    steps = (high - low) / 255
    steps = np.where(steps == 0, 1, steps)
    found = np.clip(np.floor((vectors - low) / steps), 0, 255)
    unsigned = precision == "uint8"
    return np.asarray(found if unsigned else found - 128, np.uint8 if unsigned else np.int8)


def _ranges(vectors: NDArray[Any], precision: str) -> NDArray[Any]:
    if vectors.ndim == 1 or len(vectors) == 1:
        raise OptionError(
            f"{precision} takes the range of each dimension from the texts, and there is but one: "
            "pass more texts, or quantise by quantize_embeddings with ranges."
        )
    return np.vstack((vectors.min(0), vectors.max(0)))


def similarities(one: NDArray[Any], other: NDArray[Any], name: str) -> Floats:
    """How near vectors are to others, [one, other]: "cosine", "dot", or less the distance."""
    a, b = (np.atleast_2d(np.asarray(each, np.float32)) for each in (one, other))
    if name == "cosine":
        a, b = normalized(a), normalized(b)
    if name in ("cosine", "dot"):
        return np.asarray(a @ b.T, np.float32)
    rows = [_nearness(row, b, name) for row in a]
    return np.stack(rows) if rows else np.zeros((0, len(b)), np.float32)


def _nearness(row: Floats, others: Floats, name: str) -> Floats:
    between = others - row
    far = np.abs(between).sum(-1) if name == "manhattan" else np.sqrt((between * between).sum(-1))
    return np.asarray(-far, np.float32)
