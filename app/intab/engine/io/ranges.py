"""Cutting a file into chunks, and reading which part of it a server says it sent.

Pure arithmetic: it knows neither servers nor stores. A span has its last byte excluded, as Python's
slices; HTTP's `Range` and `Content-Range` include it.

    >>> [str(span) for span in plan(10, 4)]
    ['0-4', '4-8', '8-10']
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from intab.engine.io.untrusted import decimal

CHUNK = 8 * 1024 * 1024
SMALLEST_CHUNK = 2 * 1024 * 1024
A_BYTE = "bytes=0-0"  # a Range header that asks for as little as can be
CHUNKS = 60  # of which six are on their way: what a break loses is a tenth of the file at most
_CONTENT_RANGE = re.compile(r"bytes (?:([0-9]+)-([0-9]+)|\*)/(?:([0-9]+)|\*)", re.IGNORECASE)


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
    """What a server says it sent: no span for 416, no total if it does not know."""

    span: Span | None
    total: int | None


def chunk_for(size: int) -> int:
    """The bytes of a chunk that suit a file of `size` bytes (-1: not known): the power of two next
    to a sixtieth of it, from 2 to 8 MiB; a file up to that is one chunk."""
    if size <= CHUNK:
        return CHUNK
    return min(max(1 << round(math.log2(size / CHUNKS)), SMALLEST_CHUNK), CHUNK)


def chunk_of(spans: Collection[Span], size: int, chunk: int) -> int:
    """The chunks that most of `spans`, parts of a file of `size` bytes, are of; `chunk` rather than
    any other, and if there are none."""
    sizes = [chunk, *sorted({span.size for span in spans if span.size})]
    return max(sizes, key=lambda each: sum(s.size for s in spans if is_chunk(s, size, each)))


def is_chunk(span: Span, size: int, chunk: int) -> bool:
    """Whether a span is one of `plan(size, chunk)`."""
    return span.start % chunk == 0 and span.end == min(span.start + chunk, size)


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
    start, _, end = map(decimal, text.partition("-"))
    if start is None or end is None or end < start:
        return None
    return Span(start, end)


def parse_content_range(header: str) -> ContentRange | None:
    """Read a Content-Range header; None if it is not one, or of more bytes than a file has.

    >>> parse_content_range("bytes 4-7/10")
    ContentRange(span=Span(start=4, end=8), total=10)
    """
    if not (match := _CONTENT_RANGE.fullmatch(header.strip())):
        return None
    if any(group and decimal(group) is None for group in match.groups()):
        return None
    first, last, total = map(decimal, match.groups())
    span = None if first is None or last is None else Span(first, last + 1)
    return ContentRange(span, total)
