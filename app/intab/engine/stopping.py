"""Finding stop strings in text that comes piece by piece.

>>> finder = StopFinder(("###",))
>>> finder.push("one #"), finder.push("## two")
(('one ', False), ('', True))
"""

from __future__ import annotations

from collections.abc import Sequence


class StopFinder:
    """Passes text on, holding back what may be the beginning of a stop string."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._held = ""

    def push(self, text: str, *, last: bool = False) -> tuple[str, bool]:
        """The text that is certain, and whether a stop string was found, which ends it.

        `last` says that nothing follows: then nothing is held back.
        """
        text = self._held + text
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            return text[: min(found)], True
        keep = 0 if last else max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep], False


def _overlap(text: str, stop: str) -> int:
    """The length of the longest end of `text` that `stop` begins with."""
    lengths = range(min(len(text), len(stop) - 1), 0, -1)
    return next((n for n in lengths if text.endswith(stop[:n])), 0)
