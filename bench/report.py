"""Medians, spreads and ratios of interleaved samples; how they are printed and kept."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Protocol

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Comparison:
    """Samples of several contenders in one run, and what the ratio of two of them should be.

    The ratio divides the medians of the pair; it should be at most the target, or with `at_least`
    no less. `also` has further pairs with a target each.
    """

    name: str
    unit: str
    samples: dict[str, list[float]]
    pair: tuple[str, str]
    target: float
    at_least: bool = False
    also: tuple[tuple[tuple[str, str], float], ...] = ()

    @property
    def ratio(self) -> float:
        """The first of the pair over the second."""
        return self._ratio(self.pair)

    def _ratio(self, pair: tuple[str, str]) -> float:
        over, under = (median(self.samples[name]) for name in pair)
        return over / under

    def lines(self) -> list[str]:
        """What is printed: a line a contender, then each ratio and its target."""
        width = max(12, *map(len, self.samples))
        rows = [
            f"  {name:{width}} {median(values):8.2f} {self.unit}"
            f"  ({min(values):.2f} to {max(values):.2f})"
            for name, values in self.samples.items()
        ]
        wanted = "at least" if self.at_least else "at most"
        ratios = [
            f"  {over}/{under}: {self._ratio((over, under)):.2f} (target: {wanted} {target})"
            for (over, under), target in ((self.pair, self.target), *self.also)
        ]
        rounds = len(next(iter(self.samples.values())))
        return [f"{self.name}, {rounds} rounds", *rows, *ratios]

    def as_dict(self) -> dict[str, Any]:
        """What is kept: every sample, rounded to a thousandth."""
        rounded = {name: [round(v, 3) for v in values] for name, values in self.samples.items()}
        kept: dict[str, Any] = {
            "unit": self.unit,
            "samples": rounded,
            "ratio": [*self.pair, round(self.ratio, 3)],
            "target": self.target,
        }
        if self.also:
            kept["also"] = [[*pair, round(self._ratio(pair), 3), to] for pair, to in self.also]
        return kept


class Measurement(Protocol):
    """What results.json keeps."""

    @property
    def name(self) -> str:
        """Its key."""

    def lines(self) -> list[str]:
        """What is printed."""

    def as_dict(self) -> dict[str, Any]:
        """Its value."""


def read() -> dict[str, Any]:
    """What results.json has."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def keep(comparison: Measurement, browser: str) -> None:
    """Replace this measurement in results.json, with the date and what it ran on."""
    results = read()
    results[comparison.name] = {
        "date": datetime.now(UTC).date().isoformat(),
        "browser": browser,
        "machine": platform.machine(),
        **comparison.as_dict(),
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
