"""One question to a server over HTTP, its redirects included.

Errors name the address that was asked for, never the one it redirected to, which may be signed.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextvars import ContextVar
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from weakref import WeakKeyDictionary

import httpx

from intab.engine.io.retry import OnBytes
from intab.errors import DownloadError, TemporaryError
from intab.native.bodies import MemoryBody


class HttpReply:
    """A server's answer; closing it hangs up."""

    hides = False

    def __init__(self, response: httpx.Response, address: str) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in response.headers.items()}
        self.url = response.url  # after redirects
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


async def send(
    url: httpx.URL | str, address: str, span: str = "", method: str = "GET", token: str = ""
) -> HttpReply:
    """Ask; errors name the address that was asked for."""
    # Part of a compressed file would be of no use.
    headers = {"Range": span, "Accept-Encoding": "identity"} if span else {}
    if token:  # httpx takes it away where a redirect leads to another origin
        headers["Authorization"] = f"Bearer {token}"

    client = await _client()
    ours = _OURS.set(True)
    try:
        request = client.build_request(method, url, headers=headers, extensions={"asked": address})
        return HttpReply(await client.send(request, stream=True), address)
    except httpx.TooManyRedirects as exc:
        raise DownloadError(f"{address} redirects again and again: check the address.") from exc
    except httpx.InvalidURL as exc:
        raise DownloadError(f"{address} is not an address to fetch from ({exc}).") from exc
    except httpx.HTTPError as exc:
        raise _unreachable(address, exc) from exc
    finally:
        _OURS.reset(ours)


async def _client() -> httpx.AsyncClient:
    """The running loop's client: connections are kept and used again, until the loop ends."""
    loop = asyncio.get_running_loop()
    if loop not in _CLIENTS:
        lasting = _lasting_client()
        _CLIENTS[loop] = (lasting, await anext(lasting))
    return _CLIENTS[loop][1]


async def _lasting_client() -> AsyncGenerator[httpx.AsyncClient, None]:
    """asyncio.run closes a generator that is still open when its loop ends, and so the client."""
    async with httpx.AsyncClient(
        follow_redirects=True,
        timeout=60,
        verify=_tls(),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # no server knows us again
        event_hooks={"response": [_check_hop]},
    ) as client:
        yield client


_Lasting = tuple[AsyncGenerator[httpx.AsyncClient, None], httpx.AsyncClient]
_CLIENTS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lasting] = WeakKeyDictionary()


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than many a file."""
    return httpx.create_ssl_context()


async def _check_hop(response: httpx.Response) -> None:
    if response.has_redirect_location:
        asked = response.request.extensions["asked"]
        _check_redirect(asked, response.url.scheme, response.headers["location"])


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
