"""Answers of another origin: what came compressed may not say so, and lengths mean little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from intab.engine.io.file_entry import FileEntry
from intab.engine.io.retry import OnBytes
from intab.errors import DownloadError, TemporaryError
from tests.engine.support.fakes import FakeBody, FakeReply
from tests.engine.support.faults import Fault, with_headers
from tests.engine.support.visiting import (
    BASE,
    CHUNK,
    CHUNKS,
    DATA,
    HASHED,
    NAME,
    ScriptedFetch,
    Visit,
)


@dataclass
class Unreadable(FakeReply):
    """What a browser cannot decode."""

    async def body(self, on_bytes: OnBytes) -> FakeBody:
        raise TemporaryError("network error")


def hidden(fault: Fault = lambda reply: reply) -> Fault:
    return lambda reply: replace(fault(reply), hides=True)


def parts(fault: Fault) -> Fault:
    """A fault of parts alone."""
    return lambda reply: hidden(fault)(reply) if reply.status == 206 else hidden()(reply)


def visit_to(fault: Fault, entry: FileEntry = HASHED) -> Visit:
    visit = Visit(entry)
    visit.fetch.script = dict.fromkeys(range(99), fault)
    return visit


@pytest.mark.parametrize("length", [7, 100, 10**6])
async def test_a_length_that_may_be_of_a_compressed_body_is_not_believed(length: int) -> None:
    visit = visit_to(hidden(lambda r: with_headers(r, content_length=str(length))))
    visit.fetch.ranges = False
    assert await visit.load() == DATA


DECODED: dict[str, Callable[[FakeReply], FakeReply]] = {
    "longer": lambda r: replace(r, data=r.data * 3),
    "shorter": lambda r: replace(r, data=r.data[:3]),
    "the whole": lambda r: replace(r, data=DATA),
    "nothing": lambda r: replace(r, data=b""),
    "unreadable": lambda r: Unreadable(r.status, r.headers),
}


@pytest.mark.parametrize("entry", [HASHED, FileEntry(100), FileEntry()])
@pytest.mark.parametrize("what", DECODED)
async def test_parts_that_come_compressed_without_a_word(what: str, entry: FileEntry) -> None:
    visit = visit_to(parts(DECODED[what]), entry)
    assert await visit.load() == DATA
    assert len(visit.keys()) == 1  # in one piece
    assert visit.asked()[-1] == BASE + NAME


async def test_a_total_is_not_believed_where_its_byte_is_none() -> None:
    visit = visit_to(parts(lambda r: with_headers(r, content_range="bytes 0-0/7")), FileEntry())
    visit.fetch.script[0] = parts(
        lambda r: replace(with_headers(r, content_range="bytes 0-0/7"), data=b"12")
    )
    assert await visit.load() == DATA


@pytest.mark.parametrize("what", ["shorter", "unreadable"])
async def test_what_happens_once_is_no_habit(what: str) -> None:
    visit = visit_to(hidden())
    visit.fetch.script[2] = hidden(DECODED[what])
    assert await visit.load() == DATA
    assert len(visit.asked()) == CHUNKS + 1
    assert len(visit.keys()) == CHUNKS


async def test_parts_that_are_there_are_kept_when_no_more_can_be_read() -> None:
    visit = visit_to(hidden())
    visit.fetch.script |= dict.fromkeys(range(3, 99), hidden(DECODED["unreadable"]))
    with pytest.raises(DownloadError, match="network error"):
        await visit.load()
    kept = len(visit.keys())
    assert kept
    with pytest.raises(DownloadError, match="network error"):
        await visit.load()
    assert len(visit.keys()) == kept
    visit.fetch.script = {}
    visit.asked()
    assert await visit.load() == DATA
    assert len([part for part in visit.asked() if part.startswith("bytes=")]) == CHUNKS - kept


async def test_plain_parts_of_another_origin_come_in_parts() -> None:
    visit = visit_to(hidden(), FileEntry())
    assert await visit.load() == DATA
    assert visit.asked()[:2] == ["bytes=0-0", f"bytes=0-{CHUNK - 1}"]


class CodesParts(ScriptedFetch):
    """Chromium before a server that compresses what it was asked a part of: no answer at all."""

    head = 200

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> FakeReply:
        reply = await super().request(address, span, method)
        if span:
            raise TemporaryError("Failed to fetch")
        return FakeReply(self.head, {}) if method == "HEAD" else reply


@pytest.mark.parametrize("entry", [HASHED, FileEntry(100), FileEntry()])
@pytest.mark.parametrize("head", [200, 405])
async def test_parts_for_which_there_is_no_answer(entry: FileEntry, head: int) -> None:
    visit = Visit(entry)
    visit.fetch = CodesParts(visit.fetch.files)
    visit.fetch.head = head
    visit.services = replace(visit.services, fetch=visit.fetch)
    assert await visit.load() == DATA
    assert len(visit.keys()) == 1
    asked = visit.asked()
    assert [part.startswith("bytes=") for part in asked[:2]] == [True, True]
    assert asked[-1] == BASE + NAME
    assert await visit.load() == DATA  # of what is stored
    assert not [part for part in visit.asked() if part.startswith("bytes=")]


async def test_nobody_answers_for_the_whole_either() -> None:
    visit = Visit()
    visit.fetch.files = {BASE + NAME: TemporaryError("Failed to fetch")}
    with pytest.raises(DownloadError, match=r"Failed to fetch.*tried 3 times"):
        await visit.load()
    asked = visit.asked()
    assert [part for part in asked if part.startswith("bytes=")] == ["bytes=0-15"] * 3


async def test_one_question_without_an_answer_is_no_habit() -> None:
    visit = Visit()
    visit.fetch.script[0] = _broken
    assert await visit.load() == DATA
    assert len(visit.keys()) == CHUNKS


def _broken(reply: FakeReply) -> FakeReply:
    raise TemporaryError("Failed to fetch")
