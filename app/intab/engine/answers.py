"""Judging a server's answer before its body is read.

What may pass by itself is a TemporaryError, what will not a DownloadError, and an answer that
belongs to another version of the file a DamagedError. It reads status and headers only.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from intab.engine.ranges import Span, parse_content_range
from intab.engine.retry import Clock, retry_after
from intab.engine.untrusted import decimal
from intab.errors import DamagedError, DownloadError, TemporaryError

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 508, 509, 520, 521, 522, 523, 524})
LONGEST_VERSION = 200  # characters of an ETag; what servers send has some dozens
_PAGES = ("text/html", "application/xhtml+xml")


class Head(Protocol):
    """An answer's status and headers, names in lower case."""

    @property
    def status(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""


def check_status(head: Head, address: str, clock: Clock, *, part: bool = False) -> bool:
    """True for a file (or a part, where one was asked for), False where there is none, an error
    for everything else."""
    status = head.status
    if status in (404, 410):
        return False
    if status in _PASSING:
        raise TemporaryError(
            f"{address} could not be fetched (the server answered {status}): try again later.",
            retry_after(head.headers.get("retry-after"), clock.date()),
        )
    if status in (401, 403):
        raise DownloadError(
            f"{address} could not be fetched (the server answered {status}): "
            "the model is private, gated or blocked here; ask its owner for access."
        )
    if status not in ((200, 206, 416) if part else (200,)):
        raise DownloadError(
            f"{address} could not be fetched (the server answered {status}): check the address."
        )
    if status != 416:
        _check_type(head, address)
    return True


def _check_type(head: Head, address: str) -> None:
    """Sign-in pages, captive portals and single-page sites answer everything with a page."""
    kind = head.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _PAGES and not address.endswith((".html", ".htm", ".xhtml")):
        raise DownloadError(
            f"{address} answered with a web page instead of the file: open the address to see "
            "what it says (a sign-in, a proxy, a wrong path), then load again."
        )


def version_of(head: Head) -> str:
    """What tells versions of a file apart: its ETag, else its date, "" where neither is shown."""
    version = head.headers.get("etag") or head.headers.get("last-modified", "")
    if len(version) <= LONGEST_VERSION:
        return version
    return sha256(version.encode("utf-8", "surrogatepass")).hexdigest()  # it goes into keys


def check_version(head: Head, address: str, version: str | None) -> str:
    """The answer's version; DamagedError where an earlier answer had another one."""
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
            f"{address} is shorter on the server than promised (it has no bytes {span}): "
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


def promised_length(head: Head) -> int:
    """The Content-Length where it means the body's, else -1."""
    length = decimal(head.headers.get("content-length", ""))
    return -1 if length is None or has_coding(head) else length
