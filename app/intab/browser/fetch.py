"""Files over the browser's fetch; bodies are JavaScript buffers that Python never copies whole.

Cancelling a Python task that waits here aborts the JavaScript request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyodide.ffi import JsException, create_proxy

from intab.browser.ffi import js_worker, reason
from intab.engine.retry import OnBytes
from intab.errors import DeviceError, ManifestError, TemporaryError


class JsBody:
    """Bytes in a JavaScript Uint8Array; `js_assembly` where it was put together from chunks."""

    def __init__(self, js_bytes: Any, address: str = "the file", js_assembly: Any = None) -> None:
        self.js_bytes = js_bytes
        self._address = address
        self._js_assembly = js_assembly

    @property
    def size(self) -> int:
        """The number of bytes."""
        return int(self.js_bytes.byteLength)

    def text(self) -> str:
        """The bytes as UTF-8."""
        try:
            return str(js_worker().decodeText(self.js_bytes))
        except JsException as exc:
            raise ManifestError(f"{self._address} is not UTF-8 text: fetch it again.") from exc

    async def sha256(self) -> str:
        """The sha256 in hexadecimal digits; an assembly has made it on the way."""
        if self._js_assembly:
            return str(await self._js_assembly.digest())
        return str(await js_worker().sha256(self.js_bytes))


class JsAssembly:
    """One buffer that a file's chunks are copied into."""

    def __init__(self, js_assembly: Any) -> None:
        self._js_assembly = js_assembly

    def write(self, start: int, body: JsBody) -> None:
        """Copy a chunk to its place."""
        self._js_assembly.write(start, body.js_bytes)

    def finish(self) -> JsBody:
        """The whole; the buffer itself."""
        return JsBody(self._js_assembly.bytes, js_assembly=self._js_assembly)


class BrowserMemory:
    """Makes bodies in JavaScript's memory."""

    def allocate(self, size: int, *, hashing: bool) -> JsAssembly:
        """Room for a file."""
        try:
            return JsAssembly(js_worker().allocate(size, hashing))
        except JsException as exc:
            raise DeviceError(
                f"This browser has no room in memory for a file of {size:,} bytes "
                f"({reason(exc)}): close other tabs, or choose a smaller model or dtype."
            ) from exc

    def encode(self, text: str) -> JsBody:
        """A body of a text."""
        return JsBody(js_worker().encodeText(text))


class BrowserReply:
    """A server's answer; closing it aborts what is still on its way."""

    def __init__(self, js_asked: Any, js_answer: Any, address: str) -> None:
        self.status = int(js_answer.status)
        self.headers: Mapping[str, str] = json.loads(js_answer.headers)
        self._js_asked = js_asked
        self._js_answer = js_answer
        self._address = address

    async def body(self, on_bytes: OnBytes) -> JsBody:
        """The whole body."""
        js_report = create_proxy(on_bytes)
        try:
            return JsBody(await self._js_answer.body(js_report), self._address)
        except JsException as exc:
            raise _unreachable(self._address, exc) from exc
        finally:
            self._js_asked.stop()
            js_report.destroy()

    async def close(self) -> None:
        """Stop what is still on its way."""
        self._js_asked.stop()


class BrowserFetch:
    """Fetches from the page's origin and from wherever its policy allows."""

    async def request(self, address: str, span: str = "", method: str = "GET") -> BrowserReply:
        """Ask; the body is not read yet."""
        js_asked = js_worker().ask(address, span, method)
        try:
            return BrowserReply(js_asked, await js_asked.answer, address)
        except JsException as exc:
            raise _unreachable(address, exc) from exc
        except BaseException:  # cancelled
            js_asked.stop()
            raise


def _unreachable(address: str, exc: JsException) -> TemporaryError:
    return TemporaryError(
        f"{address} could not be fetched ({reason(exc)}): "
        "check the address and the network, then load again."
    )
