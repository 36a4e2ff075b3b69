"""Cutting a file into chunks, and reading which part of it a server says it sent.

Pure arithmetic: it knows neither servers nor stores. A span has its last byte excluded, as Python's
slices; HTTP's `Range` and `Content-Range` include it.

    >>> [str(span) for span in plan(10, 4)]
    ['0-4', '4-8', '8-10']
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

CHUNK = 8 * 1024 * 1024
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Span:
    """The bytes from `start` to before `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.end - self.start

    @property
    def header(self) -> str:
        """The value of a Range header that asks for it."""
        return f"bytes={self.start}-{self.end - 1}"

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


@dataclass(frozen=True)
class ContentRange:
    """What a server says it sent: no span for 416, no total where it does not know."""

    span: Span | None
    total: int | None


def plan(size: int, chunk: int = CHUNK) -> list[Span]:
    """The chunks of a file of `size` bytes, in order; an empty file has none."""
    return [Span(start, min(start + chunk, size)) for start in range(0, size, chunk)]


def missing(size: int, have: Collection[Span], chunk: int = CHUNK) -> list[Span]:
    """The chunks still to be fetched: those that no span of `have` covers whole."""
    return [
        span
        for span in plan(size, chunk)
        if not any(kept.start <= span.start and span.end <= kept.end for kept in have)
    ]


def parse_span(text: str) -> Span | None:
    """The span that `str(span)` wrote, None for anything else."""
    if not (match := re.fullmatch(r"(\d+)-(\d+)", text)):
        return None
    span = Span(int(match[1]), int(match[2]))
    return span if span.size >= 0 else None


def parse_content_range(header: str) -> ContentRange | None:
    """Read a Content-Range header; None where it is not one.

    >>> parse_content_range("bytes 4-7/10")
    ContentRange(span=Span(start=4, end=8), total=10)
    """
    if not (match := _CONTENT_RANGE.fullmatch(header.strip())):
        return None
    first, last, total = match.groups()
    span = None if first is None else Span(int(first), int(last) + 1)
    return ContentRange(span, None if total == "*" else int(total))
