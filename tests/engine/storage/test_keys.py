"""Keys say all of a chunk, are read as they are written, and never name another place."""

from __future__ import annotations

import pytest

from intab.engine.io.ranges import Span
from intab.engine.storage.keys import ChunkKey, ModelKey, parse_chunk_key, parse_record_key

NASTY = ["", ".", "..", "/", "../..", "=", "a+b/c+", "ü \0\n", "%2F", "record", 'W/"x"']


@pytest.mark.parametrize("text", NASTY)
def test_any_text_survives(text: str) -> None:
    key = ChunkKey(ModelKey(text, text), text, text, text, 9, Span(0, 9), text)
    assert parse_chunk_key(str(key)) == key
    assert parse_record_key(key.model.record) == key.model
    assert not {"", ".", ".."}.intersection(str(key).split("/"))


def test_keys_of_different_chunks_differ() -> None:
    one = ChunkKey(ModelKey("a", "b"), "c", "", "", 9, Span(0, 9), "")
    other = ChunkKey(ModelKey("a"), "b", "c", "", 9, Span(0, 9), "")
    assert str(one) != str(other)


@pytest.mark.parametrize("text", ["", "a/b", "=/=/=/=/=/=x/=0-1/=", "=/=/=/=/=/=1/=1/="])
def test_what_is_no_key(text: str) -> None:
    assert parse_chunk_key(text) is None
    assert parse_record_key(text) is None


def test_records_and_chunks_are_told_apart() -> None:
    assert parse_chunk_key(ModelKey("a").record) is None
