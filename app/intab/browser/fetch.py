"""Files over the browser's fetch; bodies are JavaScript buffers that Python never copies whole."""

from __future__ import annotations

from typing import Any

from pyodide.ffi import JsException, create_proxy

from intab.browser.ffi import js_worker, reason
from intab.engine.download import OnBytes
from intab.errors import DownloadError, ManifestError


class JsBody:
    """Bytes in a JavaScript Uint8Array."""

    def __init__(self, js_bytes: Any, address: str) -> None:
        self.js_bytes = js_bytes
        self._address = address

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
        """The sha256 in hexadecimal digits."""
        return str(await js_worker().sha256(self.js_bytes))


class BrowserFetch:
    """Fetches from the page's origin and from wherever its policy allows."""

    async def get(self, address: str, on_bytes: OnBytes | None = None) -> JsBody | None:
        """The file, or None where there is none."""
        js_report = create_proxy(on_bytes or _ignore)
        try:
            js_bytes = await js_worker().fetchBytes(address, js_report)
        except JsException as exc:
            raise DownloadError(
                f"{address} could not be fetched ({reason(exc)}): "
                "check the address and the network, then load again."
            ) from exc
        finally:
            js_report.destroy()
        return JsBody(js_bytes, address) if js_bytes else None

    async def exists(self, address: str) -> bool:
        """Whether there is a file at that address."""
        try:
            return bool(await js_worker().exists(address))
        except JsException as exc:
            raise DownloadError(
                f"{address} could not be reached ({reason(exc)}): "
                "check the address and the network, then load again."
            ) from exc


def _ignore(count: int) -> None:
    """The listener of those who have none."""
