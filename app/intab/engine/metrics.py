"""What a generation took: a meter that is told of each token, and the figures it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Metrics:
    """Figures of one generation; times in seconds, rates in tokens a second (0 if unknown)."""

    prompt_tokens: int
    new_tokens: int
    time_to_first_token: float
    prefill_rate: float
    decode_rate: float


OnMetrics = Callable[[Metrics], None]


class Meter:
    """Measures one generation; reports at the first token, then four times a second."""

    interval = 0.25
    tokens = 0

    def __init__(self, prompt_tokens: int, on_metrics: OnMetrics | None = None) -> None:
        self._prompt_tokens = prompt_tokens
        self._on_metrics = on_metrics
        self._start = self._first = self._last = self._reported = perf_counter()

    @property
    def elapsed(self) -> float:
        """Seconds since the prompt went in."""
        return perf_counter() - self._start

    def token(self) -> None:
        """One more token is there."""
        self.tokens += 1
        self._last = perf_counter()
        if self.tokens == 1:
            self._first = self._last
        if self.tokens == 1 or self._last - self._reported >= self.interval:
            self.report()

    def report(self) -> None:
        """Tell the listener how things stand."""
        self._reported = perf_counter()
        if self._on_metrics:
            self._on_metrics(self.metrics())

    def metrics(self) -> Metrics:
        """The figures so far."""
        first, decoding = self._first - self._start, self._last - self._first
        return Metrics(
            self._prompt_tokens,
            self.tokens,
            first,
            self._prompt_tokens / first if first > 0 else 0.0,
            (self.tokens - 1) / decoding if decoding > 0 else 0.0,
        )
