"""Draws training.csv as a small SVG: loss over tokens, training and held-out."""

from __future__ import annotations

import csv
from pathlib import Path

WIDTH, HEIGHT = 560, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 34
Points = list[tuple[float, float]]

SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="sans-serif" font-size="11" fill="#555">
<title>Loss in nats a token over millions of tokens: training (line) and held-out (dots)</title>
<rect width="{width}" height="{height}" fill="#fff"/>
{ticks}
<polyline points="{line}" fill="none" stroke="#7aa6d8"/>
{dots}
<text x="{middle}" y="{foot}" text-anchor="middle">million tokens; line: training loss, \
dots: held-out TinyStories (nats a token)</text>
</svg>
"""


def write_curve(log: Path, path: Path) -> None:
    with log.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    trained = [(float(row["tokens"]) / 1e6, float(row["loss"])) for row in rows]
    held_out = [
        (float(row["tokens"]) / 1e6, float(row["held_out"])) for row in rows if row["held_out"]
    ]
    path.write_text(draw(trained, held_out), encoding="utf-8")


def draw(trained: Points, held_out: Points) -> str:
    right = max(x for x, _ in trained)
    low = int(min(y for _, y in trained + held_out))
    high = int(max(y for _, y in trained + held_out)) + 1
    on_line = [_place(point, right, low, high) for point in trained]
    on_dots = [_place(point, right, low, high) for point in held_out]
    return SVG.format(
        width=WIDTH,
        height=HEIGHT,
        middle=WIDTH // 2,
        foot=HEIGHT - 5,
        ticks="\n".join(_ticks(right, low, high)),
        line=" ".join(f"{x:.1f},{y:.1f}" for x, y in on_line),
        dots="\n".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#c33"/>' for x, y in on_dots
        ),
    )


def _place(point: tuple[float, float], right: float, low: int, high: int) -> tuple[float, float]:
    x = LEFT + (WIDTH - LEFT - RIGHT) * point[0] / right
    y = TOP + (HEIGHT - TOP - BOTTOM) * (high - point[1]) / (high - low)
    return x, y


def _ticks(right: float, low: int, high: int) -> list[str]:
    across = max(1, round(right / 6))
    marks = []
    for value in range(low, high + 1):
        _, y = _place((0, value), right, low, high)
        marks.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        marks.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    for value in range(0, int(right) + 1, across):
        x, _ = _place((value, low), right, low, high)
        y = HEIGHT - BOTTOM + 14
        marks.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{value}</text>')
    return marks
