"""Every kind of answer is judged before its body is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intab.engine.io.ranges import Span
from intab.engine.io.responses import (
    TEXT_LIMIT,
    check_part,
    check_status,
    check_version,
    declared_length,
    has_coding,
    is_absent,
    limited,
    version_of,
)
from intab.errors import DamagedError, DownloadError, TemporaryError
from tests.engine.support.fakes import FakeReply, FakeTime

CLOCK = FakeTime().clock()
ADDRESS = "https://host/m/model.onnx"


def answer(status: int, **headers: str) -> FakeReply:
    return FakeReply(status, {name.replace("_", "-"): value for name, value in headers.items()})


def test_a_file_and_none() -> None:
    assert check_status(answer(200, content_type="application/octet-stream"), ADDRESS, CLOCK)
    assert check_status(answer(206), ADDRESS, CLOCK, part=True)
    assert not check_status(answer(404), ADDRESS, CLOCK)
    assert not check_status(answer(410), ADDRESS, CLOCK)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 522])
def test_what_may_pass(status: int) -> None:
    with pytest.raises(TemporaryError, match=f"answered {status}.*try again later") as caught:
        check_status(answer(status, retry_after="5"), ADDRESS, CLOCK)
    assert caught.value.retry_after == 5


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "private, gated"), (403, "private, gated"), (400, "check the address"), (206, "check")],
)
def test_what_will_not_pass(status: int, says: str) -> None:
    with pytest.raises(DownloadError, match=says) as caught:
        check_status(answer(status), ADDRESS, CLOCK)
    assert not isinstance(caught.value, TemporaryError)


def test_a_wait_is_asked_for_by_either_header() -> None:
    for headers, seconds in (
        ({"ratelimit": '"api";r=0;t=3'}, 3),
        ({"ratelimit": '"api";r=0;t=3', "retry_after": "1"}, 1),
        ({"ratelimit": '"api";r=2;t=3'}, None),
    ):
        with pytest.raises(TemporaryError) as caught:
            check_status(answer(429, **headers), ADDRESS, CLOCK)
        assert caught.value.retry_after == seconds


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 501])
def test_a_file_that_may_be_lacking_is_absent_in_many_ways(status: int) -> None:
    assert is_absent(answer(status), ADDRESS)


def test_what_is_there_or_not_told_is_not_absent() -> None:
    for status in (200, 206, 401, 416, 429, 500, 503):
        assert not is_absent(answer(status), ADDRESS)
    assert is_absent(answer(200, content_type="TEXT/HTML"), ADDRESS)
    assert not is_absent(answer(200, content_type="text/html"), "https://host/m/x.html")
    assert not is_absent(answer(403), "/srv/m/config.json")
    assert is_absent(answer(404), "/srv/m/config.json")


def test_a_page_in_the_file_s_place() -> None:
    page = answer(200, content_type="text/html; charset=utf-8")
    with pytest.raises(DownloadError, match="a web page instead of the file"):
        check_status(page, ADDRESS, CLOCK)
    assert check_status(page, "https://host/index.html", CLOCK)


def test_versions() -> None:
    assert version_of(answer(200, etag='"a"', last_modified="b")) == '"a"'
    assert version_of(answer(200, last_modified="b")) == "b"
    assert version_of(answer(200)) == ""
    assert check_version(answer(200, etag="a"), ADDRESS, None) == "a"
    assert check_version(answer(200), ADDRESS, "a") == "a"
    with pytest.raises(DamagedError, match="was replaced on the server"):
        check_version(answer(200, etag="b"), ADDRESS, "a")


def test_the_right_part() -> None:
    for content_range in ("bytes 4-7/10", "bytes 4-7/*", ""):
        check_part(answer(206, content_range=content_range), ADDRESS, Span(4, 8), 10)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (answer(206, content_range="bytes 0-3/10"), TemporaryError, "bytes 0-4 instead of 4-8"),
        (answer(206, content_range="bytes 4-7/11"), DamagedError, "11 bytes.*instead of 10"),
        (answer(416, content_range="bytes */3"), DamagedError, "shorter on the server"),
    ],
)
def test_the_wrong_part(reply: FakeReply, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        check_part(reply, ADDRESS, Span(4, 8), 10)


def test_lengths_mean_nothing_where_something_compresses() -> None:
    assert declared_length(answer(200, content_length="7")) == 7
    assert declared_length(answer(200, content_length="7", content_encoding="gzip")) == -1
    assert declared_length(answer(200)) == -1
    assert not has_coding(answer(200, content_encoding="identity"))
    assert declared_length(replace(answer(200, content_length="7"), hides=True)) == -1


def test_a_file_of_text_has_a_limit() -> None:
    heard: list[int] = []
    count = limited(heard.append, ADDRESS)
    count(TEXT_LIMIT - 1)
    count(1)
    with pytest.raises(DownloadError, match="has over 67,108,864 bytes"):
        count(1)
    assert heard == [TEXT_LIMIT - 1, 1]
