"""Judging a server's answer before its body is read.

What may pass by itself is a TemporaryError, what will not a DownloadError, and an answer that
belongs to another version of the file a DamagedError. It reads status and headers only.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from intab.engine.io.ranges import Span, parse_content_range
from intab.engine.io.retry import Clock, OnBytes, rate_limit, retry_after
from intab.engine.io.untrusted import decimal
from intab.errors import DamagedError, DownloadError, TemporaryError

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 508, 509, 520, 521, 522, 523, 524})
LONGEST_VERSION = 200  # characters of an ETag; what servers send has some dozens
_PAGES = ("text/html", "application/xhtml+xml")
# How some hosts say that there is no such file: S3 by 403, others by 400. HEAD may be refused so
# though GET works.
REFUSALS = frozenset({400, 403, 405, 501})
TEXTS = (".json", ".jinja", ".txt")
TEXT_LIMIT = 64 * 1024 * 1024  # bytes of a small file, decoded; the largest tokenizer.json has half


class Head(Protocol):
    """An answer's status and headers, names in lower case."""

    @property
    def status(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def hides(self) -> bool:
        """Whether headers may be missing that the server sent, as CORS does it: then a body may
        have been compressed without a word."""


def is_absent(head: Head, address: str) -> bool:
    """Whether an answer about a file that a model may lack means that there is none.

    Single-page sites send their page with 200. What a disk refuses is there.
    """
    if head.status in REFUSALS:
        return address.startswith(("http://", "https://"))
    return head.status in (404, 410) or (head.status in (200, 206) and is_page(head, address))


def check_status(
    head: Head, address: str, clock: Clock, *, part: bool = False, asked: str = "GET"
) -> bool:
    """True for a file (or a part, if one was asked for), False if there is none, an error
    for everything else, which says how it was `asked` for."""
    status = head.status
    failed = f"{address} could not be fetched ({asked}: the server answered {status})"
    if status in (404, 410):
        return False
    if status in _PASSING:
        raise TemporaryError(f"{failed}: try again later.", _wait_asked(head, clock))
    if status in (401, 403):
        hint = ", or it is not there, which some hosts tell so" if status == 403 else ""
        raise DownloadError(
            f"{failed}: the model is private, gated or blocked here{hint}; check the address, or "
            "ask its owner for access."
        )
    if status not in ((200, 206, 416) if part else (200,)):
        raise DownloadError(f"{failed}: check the address.")
    if status != 416:
        _check_type(head, address)
    return True


def _wait_asked(head: Head, clock: Clock) -> float | None:
    """The seconds that a server asks to wait, by either of two headers."""
    asked = retry_after(head.headers.get("retry-after"), clock.date())
    return rate_limit(head.headers.get("ratelimit", "")) if asked is None else asked


def is_page(head: Head, address: str) -> bool:
    """Whether the answer is a web page, and none was asked for."""
    kind = head.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in _PAGES and not address.endswith((".html", ".htm", ".xhtml"))


def _check_type(head: Head, address: str) -> None:
    """Sign-in pages, captive portals and single-page sites answer everything with a page."""
    if is_page(head, address):
        raise DownloadError(
            f"{address} answered with a web page instead of the file: open the address to see "
            "what it says (a sign-in, a proxy, a wrong path), then load again."
        )


def version_of(head: Head) -> str:
    """What tells versions of a file apart: its ETag, else its date, "" if neither is shown."""
    version = head.headers.get("etag") or head.headers.get("last-modified", "")
    if len(version) <= LONGEST_VERSION:
        return version
    return sha256(version.encode("utf-8", "surrogatepass")).hexdigest()  # it goes into keys


def check_version(head: Head, address: str, version: str | None) -> str:
    """The answer's version; DamagedError if an earlier answer had another one."""
    found = version_of(head)
    if version and found and found != version:
        raise DamagedError(
            f"{address} was replaced on the server while it was being loaded: load again."
        )
    return version or found


def check_part(head: Head, address: str, span: Span, size: int) -> None:
    """An answer to a Range request must hold that span of a file of that size."""
    if head.status == 416:
        raise DamagedError(
            f"{address} is shorter on the server than expected (it has no bytes {span}): "
            "the model's description is out of date; load again."
        )
    answer = parse_content_range(head.headers.get("content-range", ""))
    if answer is None:  # hidden by CORS; the number of bytes will tell
        return
    if answer.total not in (None, size):
        raise DamagedError(
            f"{address} has {answer.total:,} bytes on the server instead of {size:,}: "
            "it was replaced; load again."
        )
    if answer.span != span:
        raise TemporaryError(
            f"{address}: the server sent bytes {answer.span} instead of {span}; load again."
        )


def has_coding(head: Head) -> bool:
    """Whether something on the way compressed the body, so that lengths mean nothing."""
    return head.headers.get("content-encoding", "identity").lower() not in ("identity", "")


def declared_length(head: Head) -> int:
    """The Content-Length if it means the body's, else -1: it is that of the compressed body."""
    length = decimal(head.headers.get("content-length", ""))
    return -1 if length is None or head.hides or has_coding(head) else length


def limited(on_bytes: OnBytes, address: str) -> OnBytes:
    """Hears of a small file's bytes; DownloadError once they are too many for one."""
    arrived = 0

    def count(more: int) -> None:
        nonlocal arrived
        arrived += more
        if arrived > TEXT_LIMIT:
            raise DownloadError(
                f"{address} has over {TEXT_LIMIT:,} bytes, too many for a file of text: is it "
                "another file? Open the address to see."
            )
        on_bytes(more)

    return count
