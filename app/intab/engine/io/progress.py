"""Adding up bytes, such as a load's: of each file and in total, never backwards, with rate and time
left.

Bytes count when they have arrived or are found stored. Those of a chunk that has to be fetched
again are taken back, but what was reported stays, until the new ones pass it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from intab.engine.io.protocols import OnProgress, Progress

WINDOW = 5.0  # seconds over which the rate is taken


class Tally:
    """Counts the bytes of some files and reports; sizes not known yet are below 0."""

    def __init__(
        self,
        sizes: Mapping[str, int],
        report: OnProgress,
        now: Callable[[], float],
        stage: str = "download",
    ) -> None:
        self._stage = stage
        self._sizes = {name: max(size, 0) for name, size in sizes.items()}
        self._loaded = dict.fromkeys(sizes, 0)
        self._shown: dict[str, int] = {}
        self._shown_total = 0
        self._report = report
        self._now = now
        self._arrived = 0
        self._history: deque[tuple[float, int]] = deque([(now(), 0)])

    def expect(self, sizes: Mapping[str, int]) -> None:
        """From now on these are the files; what was counted of them stays."""
        self._sizes = {name: max(size, self._sizes.get(name, 0)) for name, size in sizes.items()}
        self._loaded = {name: self._loaded.get(name, 0) for name in sizes}

    def resize(self, name: str, size: int) -> None:
        """A file's size has become known."""
        self._sizes[name] = size

    def restart(self, name: str) -> None:
        """A file is begun again; nothing is reported."""
        self._loaded[name] = 0

    def found(self, name: str, count: int) -> None:
        """Bytes of a file were already here."""
        self._loaded[name] += count
        self._tell(name)

    def arrived(self, name: str, count: int) -> None:
        """Bytes of a file came over the network, or went where they were to go."""
        self._arrived += count
        self._history.append((self._now(), self._arrived))
        self.found(name, count)

    def lost(self, name: str, count: int) -> None:
        """Bytes that were counted have to come again; nothing is reported."""
        self._loaded[name] -= count

    def _tell(self, name: str) -> None:
        size, loaded = self._sizes[name], self._loaded[name]
        self._sizes[name] = size = max(size, loaded)
        self._shown[name] = max(self._shown.get(name, 0), loaded)
        self._shown_total = max(self._shown_total, sum(self._loaded.values()))
        total = max(sum(self._sizes.values()), self._shown_total)
        rate = self._rate()
        left = (total - self._shown_total) / rate if rate else None
        shown = (name, self._shown_total, total, self._shown[name], size)
        self._report(Progress(self._stage, *shown, rate, left))

    def _rate(self) -> float:
        """Bytes a second over the last seconds."""
        while len(self._history) > 2 and self._now() - self._history[0][0] > WINDOW:
            self._history.popleft()
        (start, before), now = self._history[0], self._now()
        return (self._arrived - before) / (now - start) if now > start else 0.0
