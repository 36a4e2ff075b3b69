"""How far a conversion is, in steps of which each is a dtype written or run."""

from __future__ import annotations

from collections.abc import Callable

# What begins, and the share of all that was done before it, 0 to 1.
Say = Callable[[str, float], None]


def silent(what: str, share: float) -> None:
    """Tell nobody."""


class Steps:
    """Counts the steps of a conversion."""

    def __init__(self, say: Say, count: int) -> None:
        self._say, self._count, self._done = say, count, 0

    def begin(self, what: str) -> None:
        """Say that the next step begins."""
        self._say(what, self._done / self._count)
        self._done += 1
