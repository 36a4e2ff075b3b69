"""Shapes of points on a plane: islands of a mask, hulls, the smallest rectangle around points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]  # [count, 2] of x and y
_Run = tuple[int, int, int]  # row, first column, last column


def islands(mask: NDArray[np.bool_]) -> list[Points]:
    """The ends of the rows of each part of a mask that hangs together, by its corners too."""
    owner: dict[_Run, _Run] = {}

    def chief(run: _Run) -> _Run:
        while owner[run] != run:
            owner[run] = run = owner[owner[run]]
        return run

    above: list[_Run] = []
    for row in np.flatnonzero(mask.any(1)).tolist():
        runs = list(_runs(mask[row], row))
        for run in runs:
            owner[run] = run
            for other in above:
                if other[0] == row - 1 and other[1] <= run[2] + 1 and run[1] <= other[2] + 1:
                    owner[chief(run)] = chief(other)
        above = runs
    found: dict[_Run, list[tuple[int, int]]] = defaultdict(list)
    for run in owner:
        found[chief(run)] += [(run[1], run[0]), (run[2], run[0])]
    return [np.array(points, np.float32) for points in found.values()]


def _runs(row: NDArray[np.bool_], number: int) -> Iterator[_Run]:
    """The parts of a row that are true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
    for start, end in edges.reshape(-1, 2).tolist():
        yield number, start, end - 1


def hull(points: Points) -> Points:
    """The corners of the smallest convex shape around points, in turn.

    >>> hull(np.float32([[0, 0], [1, 1], [2, 0], [2, 2], [0, 2]])).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    ordered = sorted({(float(x), float(y)) for x, y in points})
    if len(ordered) < 3:
        return np.array(ordered, np.float32)
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return np.array(lower[:-1] + upper[:-1], np.float32)


def _chain(ordered: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for x, y in ordered:
        while len(found) > 1:
            (ax, ay), (bx, by) = found[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            found.pop()
        found.append((x, y))
    return found


def smallest_rectangle(points: Points) -> tuple[Points, float]:
    """The corners of the rectangle of the least area around points, in turn, and its shorter
    side."""
    corners = hull(points).astype(np.float64)
    edges = np.roll(corners, -1, 0) - corners
    lengths = np.maximum(np.hypot(edges[:, 0], edges[:, 1]), 1e-12)
    along = edges / lengths[:, None] if len(corners) > 1 else np.array([[1.0, 0.0]])
    across = np.stack([-along[:, 1], along[:, 0]], -1)
    sides = [corners @ direction.T for direction in (along, across)]  # [corners, edges]
    spans = [side.max(0) - side.min(0) for side in sides]
    best = int(np.argmin(np.round(spans[0] * spans[1], 6)))
    ends = [(side[:, best].min(), side[:, best].max()) for side in sides]
    box = [
        ends[0][i] * along[best] + ends[1][j] * across[best]
        for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    return np.array(box, np.float32), float(min(spans[0][best], spans[1][best]))


def inside(corners: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which pixels of [height, width] are in a convex shape or on its edge."""
    around = hull(corners).astype(np.float64)
    y, x = np.mgrid[: shape[0], : shape[1]]
    found = np.ones(shape, np.bool_)
    for (ax, ay), (bx, by) in zip(around, np.roll(around, -1, 0), strict=True):
        found &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= -1e-6
    return found
