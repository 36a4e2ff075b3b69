"""A server that lists nothing is asked for each file; some say "not found" with status 200.

Such a server sends the same in place of other files as in place of intab.json, but for
their names. It knows nothing of what the files are for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Generic

from intab.engine.hub.locate import Location
from intab.engine.io.protocols import B, Fetch, Reply, Services
from intab.engine.io.ranges import A_BYTE
from intab.engine.io.retry import OnBytes, RetryPolicy
from intab.engine.io.small_files import get_head, get_whole, parse_object
from intab.errors import ManifestError

DESCRIPTION = "intab.json"
_MARGIN = 1024  # bytes by which a stand-in may be longer for another name


class _EnoughError(Exception):
    """A body is longer than the stand-in; never seen outside of this module."""


async def look_into(
    services: Services[B],
    location: Location,
    name: str = DESCRIPTION,
    retry_policy: RetryPolicy | None = None,
) -> tuple[dict[str, Any] | None, Services[B]]:
    """What a folder's intab.json says, None if there is none; the means to ask for others."""
    address = location.file(name)
    body = await get_whole(services, address, retry_policy, optional=True)
    if body is None:
        return None, services
    text = body.text()
    if location.remote and not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        sent = StandIn(text, location.base, name)
        return None, replace(services, fetch=HonestFetch(services.fetch, sent))
    return parse_object(text, address), services


@dataclass(frozen=True)
class StandIn:
    """What a server sends with 200 in place of a file of the folder at `base` that it has not."""

    text: str
    base: str
    name: str = DESCRIPTION  # in whose place it came

    @property
    def most(self) -> int:
        """The bytes that it may have for another file."""
        return len(self.text.encode()) + _MARGIN

    def is_for(self, address: str, text: str) -> bool:
        """Whether that text is it, for the file at that address."""
        name = address.removeprefix(self.base)
        return text.replace(name, "") == self.text.replace(self.name, "")


@dataclass(frozen=True)
class _Absent(Generic[B]):
    """The answer that the server should have given."""

    status: int = 404
    headers: dict[str, str] = field(default_factory=dict)
    hides: bool = False

    async def body(self, on_bytes: OnBytes) -> B:
        raise NotImplementedError  # nobody reads a file that is not there

    async def close(self) -> None:
        """Nothing is open."""


class HonestFetch(Generic[B]):
    """Answers 404 for a file that is not there, if the server would send its stand-in."""

    def __init__(self, fetch: Fetch[B], stand_in: StandIn) -> None:
        self._fetch = fetch
        self._stand_in = stand_in

    async def listing(self, address: str) -> list[str] | None:
        """The files of a folder, if somebody lists them."""
        return await self._fetch.listing(address)

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> Reply[B]:
        """Ask; a file that is said to be there is looked at."""
        asks = method == "HEAD" or span == A_BYTE
        if not asks:
            return await self._fetch.request(address, span, method, token)
        reply = await get_head(self._fetch, address, span, method, token)
        if reply.status not in (200, 206):
            return reply
        await reply.close()
        return _Absent() if await self._is_stand_in(address) else reply

    async def _is_stand_in(self, address: str) -> bool:
        most, arrived = self._stand_in.most, 0

        def count(more: int) -> None:
            nonlocal arrived
            arrived += more
            if arrived > most:
                raise _EnoughError

        reply = await get_head(self._fetch, address, f"bytes=0-{most}")
        try:
            return self._stand_in.is_for(address, (await reply.body(count)).text())
        except (_EnoughError, ManifestError):  # longer, or no text
            return False
        finally:
            await reply.close()
