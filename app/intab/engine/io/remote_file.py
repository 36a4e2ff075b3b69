"""One file on its server: asked whole, in parts, or about itself, again and again if need be.

It judges each answer and checks each body's length and hash; it knows nothing of stores. Once an
answer has told the file's version, all others must be of the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from intab.engine.io.file_entry import FileEntry
from intab.engine.io.integrity import check_digest, check_pointer, check_size
from intab.engine.io.progress import Tally
from intab.engine.io.protocols import B, Body, Reply, Services
from intab.engine.io.ranges import A_BYTE, Span, parse_content_range
from intab.engine.io.responses import (
    REFUSALS,
    TEXTS,
    check_part,
    check_status,
    check_version,
    declared_length,
    has_coding,
    limited,
    version_of,
)
from intab.engine.io.retry import OnBytes, RetryPolicy, retry, watched
from intab.engine.io.small_files import not_found
from intab.errors import DownloadError, TemporaryError

T = TypeVar("T")


class NoRangesError(Exception):
    """The server sends this file in one piece only; never seen outside a delivery."""


class Source(Generic[B]):
    """A file at an address; `version` is what its answers have in common."""

    def __init__(
        self, services: Services[B], name: str, address: str, entry: FileEntry, tally: Tally
    ) -> None:
        self.version: str | None = None
        self.ranges = asyncio.Event()  # set by the first answer with a range
        self.sound = False  # whether a part of it ever arrived as it should
        self._unanswered = 0  # requests for a part that failed as if there were no server
        self._services = services
        self._name = name
        self._address = address
        self._entry = entry
        self._tally = tally

    async def version_now(self, *, in_parts: bool) -> str:
        """The server's version, "" if it does not tell. A server that compresses whole files
        calls that another version, so the question is put as the file was fetched."""

        async def ask(_: OnBytes) -> str:
            for how in [(A_BYTE, "GET")] if in_parts else [("", "HEAD"), ("", "GET")]:
                reply = await self._services.fetch.request(self._address, *how)
                await reply.close()
                if reply.status not in REFUSALS:  # as some refuse HEAD alone
                    break
            return version_of(reply) if reply.status in (200, 206) else ""

        try:
            return await self._retry(ask, replace(self._services.retry_policy, attempts=1))
        except DownloadError:  # offline: what is stored is all there is
            return ""

    async def size(self) -> int:
        """The size: the manifest's, else what the server says when asked for the first byte."""

        async def ask(beat: OnBytes) -> int | None:
            async with self._asked(A_BYTE) as reply:
                answer = parse_content_range(reply.headers.get("content-range", ""))
                if not answer or reply.status != 206 or has_coding(reply):
                    return None
                return answer.total if await _is_a_byte(reply, beat) else None

        size = self._entry.size if self._entry.size >= 0 else await self._retry(ask)
        if size is None:
            raise NoRangesError
        self._tally.resize(self._name, size)
        return size

    async def whole(self) -> tuple[B, str]:
        """The file in one piece, and its sha256."""

        async def get(beat: OnBytes) -> B:
            async with self._asked("") as reply:
                with self._counting(beat) as count:
                    text = self._name.endswith(TEXTS)
                    body = await reply.body(limited(count, self._address) if text else count)
                    if declared_length(reply) not in (-1, body.size):
                        raise self._broken_off(body.size, declared_length(reply))
                    return body

        body = await self._retry(get)
        check_pointer(self._name, body)
        check_size(self._name, body.size, self._entry.size)
        digest = await body.sha256()
        check_digest(self._name, digest, self._entry.sha256)
        return body, digest

    async def part(self, span: Span, size: int) -> tuple[B, str]:
        """A part of the file of that size, and the part's sha256. NoRangesError if parts come
        compressed, without a word too: then their length is wrong time and again, or none of
        them can be read."""
        sizes: list[int] = []
        unread = 0

        async def get(beat: OnBytes) -> tuple[B, str]:
            nonlocal unread
            async with self._asked(span.header) as reply:
                if reply.status == 200 or has_coding(reply):
                    raise NoRangesError
                check_part(reply, self._address, span, size)
                self.ranges.set()
                with self._counting(beat) as count:
                    unread += reply.hides
                    body = await reply.body(count)
                    unread = 0
                    if reply.hides and body.size != span.size and body.size in sizes:
                        raise NoRangesError
                    sizes.append(body.size)
                    return body, await self._check_part(body, span)

        try:
            found = await self._retry(get)
        except DownloadError as exc:
            if unread == self._services.retry_policy.attempts and not self.sound:
                raise NoRangesError from exc
            raise
        self.sound = True
        return found

    @asynccontextmanager
    async def _asked(self, span: str) -> AsyncIterator[Reply[B]]:
        """An answer that is the file's or a part of it."""
        reply = await self._ask(span)
        try:
            if not check_status(reply, self._address, self._services.clock, part=bool(span)):
                raise not_found(self._address)
            self.version = check_version(reply, self._address, self.version)
            yield reply
        finally:
            await reply.close()

    async def _ask(self, span: str) -> Reply[B]:
        """An answer. NoRangesError if a question for a part fails twice and one for the whole
        does not: Chromium fails if a part comes compressed, which it does not ask for."""
        try:
            return await self._services.fetch.request(self._address, span)
        except TemporaryError as exc:
            self._unanswered += bool(span)
            if self._unanswered < 2 or self.sound or not await self._answers_whole():
                raise
            raise NoRangesError from exc

    async def _answers_whole(self) -> bool:
        """Whether the server answers for the file if it is not asked for a part."""
        for method in ("HEAD", "GET"):
            try:
                reply = await self._services.fetch.request(self._address, method=method)
            except TemporaryError:
                return False
            await reply.close()
            if reply.status not in REFUSALS:  # as some refuse HEAD alone
                return reply.status == 200
        return False

    @contextmanager
    def _counting(self, beat: OnBytes) -> Iterator[OnBytes]:
        """Bytes of a body, counted as they arrive and uncounted if they are of no use."""
        counted = 0

        def count(arrived: int) -> None:
            nonlocal counted
            counted += arrived
            beat(arrived)
            self._tally.arrived(self._name, arrived)

        try:
            yield count
        except BaseException:
            self._tally.lost(self._name, counted)
            raise

    async def _check_part(self, body: B, span: Span) -> str:
        """The part's sha256."""
        if body.size != span.size:
            raise self._broken_off(body.size, span.size)
        expected, digest = self._entry.digest_of(span), await body.sha256()
        if expected not in ("", digest):
            raise TemporaryError(
                f"{self._address}: bytes {span} arrived damaged (their sha256 differs from the "
                "manifest's); load again, and tell the model's owner if it stays so."
            )
        return digest

    def _broken_off(self, size: int, expected: int) -> TemporaryError:
        return TemporaryError(
            f"{self._address}: {size:,} of {expected:,} bytes arrived; "
            "check the network, then load again."
        )

    async def _retry(
        self,
        work: Callable[[OnBytes], Coroutine[Any, Any, T]],
        retry_policy: RetryPolicy | None = None,
    ) -> T:
        retry_policy, clock = retry_policy or self._services.retry_policy, self._services.clock
        return await retry(
            lambda: watched(work, self._address, retry_policy, clock), retry_policy, clock
        )


async def _is_a_byte(reply: Reply[Any], beat: OnBytes) -> bool:
    """Whether what was sent for one byte is one, and not the start of something compressed."""
    if not reply.hides:
        return True
    try:
        body: Body = await reply.body(beat)
    except TemporaryError:
        return False
    return body.size == 1
