"""The tables of docs/speed.md, written from results.json between the marks that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs/speed.md"
RATES = [f"{kind} at {context}" for kind in ("prefill", "decode") for context in (64, 512, 1024)]
REST = ["first token at 64", "load, cold", "load, stored", "peak memory", "page weight"]


def write(results: Mapping[str, Any]) -> None:
    """Renew the tables in docs/speed.md; those without results stay as they are."""
    found = {name.removeprefix("compute: "): entry for name, entry in results.items()}
    if RATES[0] not in found:
        return
    text = PAGE.read_text(encoding="utf-8")
    for mark, lines in {
        "rates": contenders(found, RATES),
        "rest": contenders(found, REST),
        "ratios": ratios(found, RATES),
        "guess": ratios(found, [name for name in found if name.startswith("guess: ")]),
        "when": [f"Measured {found[RATES[0]]['date']} in {found[RATES[0]]['browser']}."],
    }.items():
        text = replaced(text, mark, "\n".join(lines))
    PAGE.write_text(text, encoding="utf-8")


def replaced(text: str, mark: str, new: str) -> str:
    """The text with what stands between <!-- mark --> and <!-- /mark --> replaced."""
    around = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    return around.sub(lambda part: f"{part[1]}{new}\n{part[2]}", text)


def contenders(found: Mapping[str, Any], figures: Sequence[str]) -> Iterator[str]:
    """A row for each contender, with the median of each figure."""
    yield from _head(["", *(f"{name}, {found[name]['unit']}" for name in figures)])
    for name in found[RATES[0]]["samples"]:
        samples = [found[figure]["samples"].get(name) for figure in figures]
        if any(samples):
            cells = [_number(median(values)) if values else "" for values in samples]
            yield f"| {' | '.join([name, *cells])} |"


def ratios(found: Mapping[str, Any], figures: Sequence[str]) -> Iterator[str]:
    """A row for each ratio, with its target."""
    yield from _head(["", "figure", "ratio", "target"])
    for figure in figures:
        entry = found[figure]
        all_of_them = [[*entry["ratio"], entry["target"]], *entry.get("also", [])]
        for over, under, ratio, target in all_of_them:
            yield f"| {over} / {under} | {figure} | {ratio:.2f} | {target or ''} |"


def _head(names: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield "|---" * len(names) + "|"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"
