"""Noise that CPython, Pyodide and the reference library all have the same: no generator's."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PARTS = 4093  # a prime: the places of numbers in its circle look like chance


def noise(shape: tuple[int, ...], turn: int = 0) -> NDArray[Any]:
    """float32, normal; another one for each turn."""
    count = int(np.prod(shape))
    places = (np.arange(1, count + 1, dtype=np.int64) ** 2 * 1237 + turn * 577 + 11) % _PARTS
    normal = NormalDist()
    levels = np.array([normal.inv_cdf((place + 0.5) / _PARTS) for place in range(_PARTS)])
    return levels[places].astype(np.float32).reshape(shape)


class InTurn(np.random.Generator):
    """A generator that gives that noise, turn by turn."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))
        self._turn = -1

    def standard_normal(self, size: Any = None, *_: Any, **__: Any) -> Any:
        self._turn += 1
        return noise(tuple(size), self._turn)
