"""Files over the browser's fetch; bodies are JavaScript objects whose bytes Python never sees.

Cancelling a Python task that waits here aborts the JavaScript request.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from typing import Any

from pyodide.ffi import JsException, create_proxy

from intab.browser.ffi import js_worker, reason
from intab.engine.io.retry import OnBytes
from intab.errors import (
    DeviceError,
    DownloadError,
    LoadError,
    ManifestError,
    ModelNotFoundError,
    PolicyError,
    StorageError,
    TemporaryError,
)


class JsBody:
    """A Chunk or a Whole of bodies.mjs: bytes in JavaScript's memory or on disk."""

    def __init__(self, js_body: Any, address: str = "the file") -> None:
        self.js_body = js_body
        self.address = address

    @property
    def size(self) -> int:
        """The number of bytes."""
        return int(self.js_body.size)

    def text(self) -> str:
        """The bytes as UTF-8."""
        try:
            return str(js_worker().decodeText(self.js_body))
        except JsException as exc:
            raise ManifestError(
                f"{self.address} is not UTF-8 text: fetch it again, or save it as UTF-8."
            ) from exc

    async def sha256(self) -> str:
        """The sha256 in hexadecimal digits; an assembly may have made it on the way."""
        return str(await _read(self.js_body.sha256(), self.address))


async def _read(js_promise: Awaitable[Any], address: str) -> Any:
    try:
        return await js_promise
    except JsException as exc:
        raise StorageError(
            f"What was stored of {address} cannot be read ({reason(exc)}): load it again."
        ) from exc


class JsAssembly:
    """A file whose chunks stay apart."""

    def __init__(self, js_whole: Any) -> None:
        self._js_whole = js_whole

    def write(self, start: int, body: JsBody) -> None:
        """Put a chunk in its place."""
        self._js_whole.write(start, body.js_body)

    def finish(self) -> JsBody:
        """The whole."""
        return JsBody(self._js_whole)


class BrowserMemory:
    """Makes bodies in JavaScript's memory."""

    def allocate(self, size: int, *, hashing: bool) -> JsAssembly:
        """An empty file; its chunks bring their memory with them."""
        return JsAssembly(js_worker().allocate(size, hashing))

    def encode(self, text: str) -> JsBody:
        """A body of a text."""
        return JsBody(js_worker().encodeText(text))

    async def hold(self, body: JsBody) -> JsBody:
        """The same body, until `open` has made a network of it."""
        await _read(body.js_body.hold(), body.address)
        return body


class BrowserReply:
    """A server's answer; closing it aborts what is still on its way."""

    def __init__(self, js_asked: Any, js_answer: Any, address: str) -> None:
        self.status = int(js_answer.status)
        self.headers: Mapping[str, str] = json.loads(js_answer.headers)
        self.hides = bool(js_answer.hides)
        self._js_asked = js_asked
        self._js_answer = js_answer
        self._address = address

    async def body(self, on_bytes: OnBytes) -> JsBody:
        """The whole body."""
        raised: list[Exception] = []

        def report(count: int) -> None:
            try:
                on_bytes(count)
            except Exception as exc:  # noqa: BLE001  JavaScript could do nothing with it
                raised.append(exc)
                self._js_asked.stop()

        js_report = create_proxy(report)
        try:
            js_body = await self._js_answer.body(js_report)
        except JsException as exc:
            if raised:
                raise raised[0] from None
            if getattr(exc, "name", "") == "RangeError":
                raise _too_large(self._address, exc) from exc
            raise _unreachable(self._address, exc) from exc
        finally:
            self._js_asked.stop()
            js_report.destroy()
        if raised:
            raise raised[0]
        return JsBody(js_body, self._address)

    async def close(self) -> None:
        """Stop what is still on its way."""
        self._js_asked.stop()


class BrowserFetch:
    """Fetches from the page's origin and from wherever its policy allows."""

    async def listing(self, address: str) -> list[str] | None:
        """The files of a folder of the visitor's disk; None of a server's."""
        if not address.startswith("disk:"):
            return None
        try:
            found: list[str] | None = json.loads(await js_worker().listDisk(address))
        except JsException as exc:
            raise _failure(address, exc) from exc
        return found

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> BrowserReply:
        """Ask; the body is not read yet."""
        js_asked = js_worker().ask(address, span, method, token)
        try:
            return BrowserReply(js_asked, await js_asked.answer, address)
        except JsException as exc:
            raise _failure(address, exc) from exc
        except BaseException:  # cancelled
            js_asked.stop()
            raise


def _failure(address: str, exc: JsException) -> LoadError:
    """The error's name says what is wrong with a folder of the visitor's disk, and what is known of
    a fetch (refusals.mjs)."""
    match getattr(exc, "name", ""):
        case "NotFoundError":
            return ModelNotFoundError(reason(exc))
        case "NotAllowedError":
            return DownloadError(reason(exc))
        case "SecurityError":
            return _refused(address, redirected=reason(exc) == "redirect")
        case "NetworkError":
            return TemporaryError(
                f"{address} redirects to where nothing could be fetched from: another scheme than "
                "https, a host that does not let pages read it (CORS), or one that is not there."
            )
    return _unreachable(address, exc)


def _refused(address: str, *, redirected: bool) -> PolicyError:
    """Browsers do not tell a page where a redirect led."""
    origin = "/".join(address.split("/")[:3])
    if not redirected:
        return PolicyError(
            f"This page may not fetch from {origin}: its Content-Security-Policy does not name "
            f"that host. The owner of the page can add it: intab serve --connect {origin}, or "
            "connect-src in the server's own policy."
        )
    return PolicyError(
        f"{origin} redirects this page to another host, which the page's Content-Security-Policy "
        "does not name. The owner of the page can add it: intab serve --connect ORIGIN, or "
        "connect-src in the server's own policy. Browsers do not tell which host it is; a terminal "
        f"does, as location: curl -sI {address}"
    )


def _unreachable(address: str, exc: JsException) -> TemporaryError:
    return TemporaryError(
        f"{address} could not be fetched ({reason(exc)}): "
        "check the address and the network, then load again."
    )


def _too_large(address: str, exc: JsException) -> DeviceError:
    return DeviceError(
        f"This browser has no room in memory for what {address} sends ({reason(exc)}): close other "
        "tabs, or choose a smaller model or dtype."
    )
