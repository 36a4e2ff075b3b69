"""One question to a server over HTTP, its redirects included.

Errors name the address that was asked for, never the one it redirected to, which may be signed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar

import httpx

from intab.engine.io.retry import OnBytes
from intab.errors import DownloadError, TemporaryError
from intab.native.bodies import MemoryBody


class HttpReply:
    """A server's answer; closing it hangs up."""

    hides = False

    def __init__(self, client: httpx.AsyncClient, response: httpx.Response, address: str) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in response.headers.items()}
        self.url = response.url  # after redirects
        self._client = client
        self._response = response
        self._address = address

    async def body(self, on_bytes: OnBytes) -> MemoryBody:
        """The bytes, decoded where they came compressed."""
        data = bytearray()
        try:
            async for part in self._response.aiter_bytes():
                data += part
                on_bytes(len(part))
        except httpx.HTTPError as exc:
            raise _unreachable(self._address, exc) from exc
        return MemoryBody(bytes(data), self._address)

    async def close(self) -> None:
        """Hang up."""
        await self._response.aclose()
        await self._client.aclose()


async def send(
    url: httpx.URL | str, address: str, span: str = "", method: str = "GET", token: str = ""
) -> HttpReply:
    """Ask; errors name the address that was asked for."""
    # Part of a compressed file would be of no use.
    headers = {"Range": span, "Accept-Encoding": "identity"} if span else {}
    if token:  # httpx takes it away where a redirect leads to another origin
        headers["Authorization"] = f"Bearer {token}"

    async def check(response: httpx.Response) -> None:
        if response.has_redirect_location:
            _check_redirect(address, response.url.scheme, response.headers["location"])

    hooks = {"response": [check]}
    client = httpx.AsyncClient(follow_redirects=True, timeout=60, event_hooks=hooks)
    ours = _OURS.set(True)
    try:
        request = client.build_request(method, url, headers=headers)
        return HttpReply(client, await client.send(request, stream=True), address)
    except httpx.TooManyRedirects as exc:
        await client.aclose()
        raise DownloadError(f"{address} redirects again and again: check the address.") from exc
    except httpx.InvalidURL as exc:
        await client.aclose()
        raise DownloadError(f"{address} is not an address to fetch from ({exc}).") from exc
    except httpx.HTTPError as exc:
        await client.aclose()
        raise _unreachable(address, exc) from exc
    except BaseException:
        await client.aclose()
        raise
    finally:
        _OURS.reset(ours)


def _check_redirect(address: str, before: str, location: str) -> None:
    """DownloadError for a redirect to another scheme, such as file:, or from https to http."""
    after = _scheme(location) or before
    if after not in ("http", "https"):
        raise DownloadError(
            f"{address} redirects to an address of another kind ({after[:20]}:), which is not "
            "followed: check the address."
        )
    if (before, after) == ("https", "http"):
        raise DownloadError(
            f"{address} redirects from https to http, where anybody on the way could change what "
            "comes: it is not followed."
        )


def _scheme(location: str) -> str:
    """The scheme of a Location header, "" for a relative one."""
    found = re.match(r"\s*([A-Za-z][A-Za-z0-9+.-]*):", location)
    return found[1].lower() if found else ""


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


_OURS = ContextVar("intab fetches", default=False)


def _hide_queries(record: logging.LogRecord) -> bool:
    """httpx logs the addresses that it asks, at level INFO; signed ones are like passwords."""
    if _OURS.get() and isinstance(record.args, tuple):
        record.args = tuple(
            each.copy_with(query=None) if isinstance(each, httpx.URL) else each
            for each in record.args
        )
    return True


logging.getLogger("httpx").addFilter(_hide_queries)


def _unreachable(address: str, exc: Exception) -> TemporaryError:
    return TemporaryError(
        f"{address} could not be fetched ({str(exc) or type(exc).__name__}): "
        "check the address and the network."
    )
