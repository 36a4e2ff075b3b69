"""Bars as SVG: the median of each contender, with a line from its least to its most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

PLOTS = Path(__file__).resolve().parents[1] / "docs/bench"
LABEL, WIDTH, BAR, GAP, HEAD = 220, 420, 14, 8, 34
KINDS = {"decode": ": decode at ", "prefill": ": prefill at ", "stores": "stores: "}
STYLE = (
    "text{font:12px sans-serif;fill:#24292f}.title{font-weight:600}"
    ".bar{fill:#4a7fb5}.ours{fill:#2f9e6e}.spread{stroke:#24292f}"
    "@media(prefers-color-scheme:dark){text{fill:#d0d7de}.spread{stroke:#d0d7de}}"
)


def draw(results: Mapping[str, Any]) -> None:
    """docs/bench/decode.svg, prefill.svg and stores.svg, of what results.json has of them."""
    PLOTS.mkdir(exist_ok=True)
    for kind, part in KINDS.items():
        found = {name: entry for name, entry in results.items() if part in name}
        if found:
            (PLOTS / f"{kind}.svg").write_text(svg(found), encoding="utf-8")


def svg(figures: Mapping[str, Any]) -> str:
    """One picture with a section of bars for each figure."""
    parts, top = list[str](), 0
    for name, entry in figures.items():
        parts += _section(f"{name}, {entry['unit']}", entry["samples"], top)
        top += HEAD + len(entry["samples"]) * (BAR + GAP) + GAP
    size = f'width="{LABEL + WIDTH + 80}" height="{top}"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([opening, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def _section(title: str, samples: Mapping[str, Sequence[float]], top: int) -> Iterator[str]:
    yield f'<text class="title" x="4" y="{top + 20}">{escape(title)}</text>'
    scale = WIDTH / max(value for values in samples.values() for value in values)
    for row, (name, values) in enumerate(samples.items()):
        yield from _bar(name, values, top + HEAD + row * (BAR + GAP), scale)


def _bar(name: str, values: Sequence[float], y: int, scale: float) -> Iterator[str]:
    middle, least, most = (f(values) * scale for f in (median, min, max))
    kind = "ours" if name.startswith("intab") else "bar"
    centre, text = y + BAR / 2, y + BAR - 3
    yield f'<text x="4" y="{text}">{escape(name)}</text>'
    yield f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{middle:.1f}" height="{BAR}"/>'
    ends = f'x1="{LABEL + least:.1f}" x2="{LABEL + most:.1f}"'
    yield f'<line class="spread" {ends} y1="{centre}" y2="{centre}"/>'
    yield f'<text x="{LABEL + most + 6:.1f}" y="{text}">{median(values):,.1f}</text>'
