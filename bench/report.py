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
    """Samples of several contenders in one run; `ratio` divides the medians of two of them."""

    name: str
    unit: str
    samples: dict[str, list[float]]
    pair: tuple[str, str]
    target: float

    @property
    def ratio(self) -> float:
        """The first of the pair over the second."""
        over, under = (median(self.samples[name]) for name in self.pair)
        return over / under

    def lines(self) -> list[str]:
        """What is printed: a line a contender, then the ratio and its target."""
        rows = [
            f"  {name:12} {median(values):8.2f} {self.unit}"
            f"  ({min(values):.2f} to {max(values):.2f})"
            for name, values in self.samples.items()
        ]
        over, under = self.pair
        ratio = f"  {over}/{under}: {self.ratio:.2f} (target: at most {self.target})"
        return [f"{self.name}, {len(next(iter(self.samples.values())))} rounds", *rows, ratio]

    def as_dict(self) -> dict[str, Any]:
        """What is kept: every sample, rounded to a thousandth."""
        rounded = {name: [round(v, 3) for v in values] for name, values in self.samples.items()}
        return {
            "unit": self.unit,
            "samples": rounded,
            "ratio": [*self.pair, round(self.ratio, 3)],
            "target": self.target,
        }


class Measurement(Protocol):
    """What results.json keeps."""

    @property
    def name(self) -> str:
        """Its key."""

    def as_dict(self) -> dict[str, Any]:
        """Its value."""


def keep(comparison: Measurement, browser: str) -> None:
    """Replace this measurement in results.json, with the date and what it ran on."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results[comparison.name] = {
        "date": datetime.now(UTC).date().isoformat(),
        "browser": browser,
        "machine": platform.machine(),
        **comparison.as_dict(),
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
