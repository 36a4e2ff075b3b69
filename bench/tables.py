"""The tables of docs/speed.md and docs/delivery.md, written from results.json between the marks
that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
RATES = [f"{kind} at {context}" for kind in ("prefill", "decode") for context in (64, 512, 1024)]
DELIVERY = ("delivery", "250 MB", "closed at")
ABLATION = "ablation, "
PIPELINES = {
    "reading: ": "vectors", "hearing: ": "speech", "text2text: ": "summaries", "hour: ": "hour",
    "microphone: ": "microphone", "camera: ": "camera",
}  # fmt: skip
REST = ["first token at 64", "load, cold", "load, stored", "peak memory", "page weight"]


def write(results: Mapping[str, Any]) -> None:
    """Renew the tables in the docs; those without results stay as they are."""
    found = {name.removeprefix("compute: "): entry for name, entry in results.items()}
    if RATES[0] in found:
        tables = {
            "when": _when(found[RATES[0]]),
            "rates": contenders(found, RATES),
            "rest": contenders(found, REST),
            "ratios": ratios(found, RATES),
            "guess": ratios(found, [name for name in found if name.startswith("guess: ")]),
        }
        _renew(DOCS / "speed.md", tables)
    for kind, mark in PIPELINES.items():
        if figures := [name for name in found if name.startswith(kind)]:
            _renew(DOCS / "speed.md", {mark: pipelines(found, figures)})
    if found_real := [name for name in found if name.startswith("real: ")]:
        _renew(DOCS / "speed.md", {"real": real(found, found_real)})
    if "pictures" in results:
        _renew(DOCS / "speed.md", {"pictures": pictures(results["pictures"])})
    if parts := {name: results[name] for name in results if name.startswith(ABLATION)}:
        _renew(DOCS / "speed.md", {"shares": shares(parts)})
    if stores := [name for name in found if name.startswith("stores: ")]:
        delivered = [name for name in found if name.startswith(DELIVERY)]
        tables = {
            "when": _when(found[stores[0]]),
            "delivered": ratios(found, delivered),
            "stores": contenders(found, stores),
        }
        _renew(DOCS / "delivery.md", tables)


def _renew(page: Path, tables: Mapping[str, Iterator[str]]) -> None:
    text = page.read_text(encoding="utf-8")
    for mark, lines in tables.items():
        text = replaced(text, mark, "\n".join(lines))
    page.write_text(text, encoding="utf-8")


def _when(entry: Mapping[str, Any]) -> Iterator[str]:
    yield f"Measured {entry['date']} in {entry['browser']}."


def replaced(text: str, mark: str, new: str) -> str:
    """The text with what stands between <!-- mark --> and <!-- /mark --> replaced."""
    around = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    return around.sub(lambda part: f"{part[1]}{new}\n{part[2]}", text)


def contenders(found: Mapping[str, Any], figures: Sequence[str]) -> Iterator[str]:
    """A row for each contender, with the median of each figure."""
    yield from _head(["", *(f"{name}, {found[name]['unit']}" for name in figures)])
    for name in dict.fromkeys(name for figure in figures for name in found[figure]["samples"]):
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


def pipelines(found: Mapping[str, Any], figures: Sequence[str]) -> Iterator[str]:
    """When, each contender's medians, each ratio."""
    yield from _when(found[figures[0]])
    yield ""
    yield from contenders(found, figures)
    yield ""
    yield from ratios(found, figures)


def real(found: Mapping[str, Any], figures: Sequence[str]) -> Iterator[str]:
    """When, a row for each figure with the contenders' medians, native's, and each ratio."""
    names = list(dict.fromkeys(name for figure in figures for name in found[figure]["samples"]))
    # Of a figure that an older run has left there may be fewer ratios.
    most = max((found[figure] for figure in figures), key=lambda one: len(one.get("also", [])))
    pairs = [most["ratio"][:2], *(one[:2] for one in most.get("also", []))]
    yield from _when(most)
    yield ""
    yield from _head(["", *names, *(f"of {under} (target)" for _, under in pairs)])
    for figure in figures:
        entry = found[figure]
        samples = [entry["samples"].get(name) for name in names]
        cells = [_number(median(values)) if values else "" for values in samples]
        told = f"{figure.removeprefix('real: ')}, {entry['unit']}"
        all_of_them = [[*entry["ratio"], entry["target"]], *entry.get("also", [])]
        ratios = [f"{ratio:.2f} ({target})" for *_, ratio, target in all_of_them]
        ratios += [""] * (len(pairs) - len(ratios))
        yield f"| {' | '.join([told, *cells, *ratios])} |"


def pictures(entry: Mapping[str, Any]) -> Iterator[str]:
    """When, and each figure with its target."""
    yield from _when(entry)
    yield ""
    yield from _head(["", "figure", "target"])
    yield from (f"| {' | '.join(row)} |" for row in entry["rows"])


def shares(parts: Mapping[str, Any]) -> Iterator[str]:
    """How many times as fast each part makes it: a row for each, a column for each figure."""
    yield from _when(next(iter(parts.values())))
    yield ""
    yield from _head(["", *(name.removeprefix(ABLATION) for name in parts)])
    rows: dict[str, dict[str, float]] = {}
    for name, entry in parts.items():
        for over, under, ratio, _ in [[*entry["ratio"], 0], *entry.get("also", [])]:
            rows.setdefault(f"{over} / {under}", {})[name] = ratio
    for what, found in rows.items():
        cells = [f"{found[name]:.2f}" if name in found else "" for name in parts]
        yield f"| {' | '.join([what, *cells])} |"


def _head(names: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield "|---" * len(names) + "|"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"
