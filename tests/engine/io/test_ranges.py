"""Chunk plans cover a file exactly, whatever its size and whatever is already there."""

from __future__ import annotations

import random

import pytest

from intab.engine.io.ranges import (
    CHUNK,
    CHUNKS,
    ContentRange,
    Span,
    chunk_for,
    chunk_of,
    missing,
    parse_content_range,
    parse_span,
    plan,
)

SIZES = [0, 1, 2, 7, 8, 9, 63, 64, 65, 1000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chunk", [1, 2, 7, 8, 64, 5000])
def test_a_plan_covers_exactly_and_never_twice(size: int, chunk: int) -> None:
    covered = [at for span in plan(size, chunk) for at in range(span.start, span.end)]
    assert covered == list(range(size))
    assert all(0 < span.size <= chunk for span in plan(size, chunk))


@pytest.mark.parametrize("seed", range(50))
def test_what_is_there_and_what_is_missing_are_the_whole(seed: int) -> None:
    coin = random.Random(seed)
    size, chunk = coin.randrange(1, 500), coin.randrange(1, 80)
    chunks = plan(size, chunk)
    have = coin.sample(chunks, coin.randrange(len(chunks) + 1))
    left = missing(size, have, chunk)
    assert sorted([*have, *left]) == chunks
    assert missing(size, have[::-1], chunk) == left


def test_a_file_that_was_stored_in_one_piece_has_nothing_missing() -> None:
    assert missing(100, [Span(0, 100)], 8) == []
    assert missing(100, [Span(0, 50)], 30) == plan(100, 30)[1:]


@pytest.mark.parametrize(
    ("size", "mebibytes"),
    [(-1, 8), (0, 8), (CHUNK, 8), (CHUNK + 1, 2), (100 << 20, 2), (250 * 10**6, 4), (1 << 32, 8)],
)
def test_a_larger_file_has_larger_chunks(size: int, mebibytes: int) -> None:
    assert chunk_for(size) == mebibytes << 20


def test_six_chunks_are_a_tenth_of_a_file_that_is_not_small() -> None:
    for size in range(10**8, 10**10, 10**7):
        assert chunk_for(size) <= size / CHUNKS * 2**0.5


def test_chunks_of_another_size_are_known_as_such() -> None:
    assert chunk_of([], 100, 8) == 8
    assert chunk_of(plan(100, 16)[2:], 100, 8) == 16
    assert chunk_of([Span(0, 100)], 100, 8) == 100
    assert chunk_of([*plan(100, 16)[:2], *plan(100, 8)[4:]], 100, 16) == 8
    assert chunk_of([Span(96, 100), Span(3, 5), Span(0, 0)], 100, 8) == 8


def test_the_default_is_eight_mebibytes() -> None:
    assert [span.size for span in plan(2 * CHUNK + 1)] == [8 << 20, 8 << 20, 1]


def test_a_range_header_includes_its_last_byte() -> None:
    assert Span(8, 16).header == "bytes=8-15"


def test_spans_are_read_as_they_are_written() -> None:
    assert parse_span(str(Span(3, 9))) == Span(3, 9)
    assert [parse_span(text) for text in ("", "3", "9-3", "a-b", "-1-2")] == [None] * 5


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("bytes 0-0/1", ContentRange(Span(0, 1), 1)),
        ("Bytes 4-7/10 ", ContentRange(Span(4, 8), 10)),
        ("bytes 4-7/*", ContentRange(Span(4, 8), None)),
        ("bytes */10", ContentRange(None, 10)),
        ("", None),
        ("bytes=0-1", None),
        ("items 0-1/2", None),
    ],
)
def test_content_ranges(header: str, read: ContentRange | None) -> None:
    assert parse_content_range(header) == read
