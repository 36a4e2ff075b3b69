"""Files that models are exported to and imported from, in the browser, outside Python's heap.

A target or a source is a FileSystemFileHandle, a Blob or File, or `disk:NAME`, a file that the page
has chosen. An export without a target gives a Blob.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from pyodide.ffi import JsException

from intab.browser.fetch import JsBody
from intab.browser.ffi import js_worker, reason
from intab.engine.io.ranges import Span
from intab.errors import StorageError


class BrowserArchive:
    """A file that is there."""

    def __init__(self, js_blob: Any) -> None:
        self._js_blob = js_blob

    @property
    def size(self) -> int:
        """The number of bytes."""
        return int(self._js_blob.size)

    def read(self, span: Span) -> bytes:
        """A small part of it."""
        js_part = js_worker().part(self._js_blob, span.start, span.end)
        try:
            return bytes(js_part.read(0, span.size).to_bytes())
        except JsException as exc:
            raise _unusable(exc) from exc

    def body(self, span: Span) -> JsBody:
        """A part of it."""
        return JsBody(js_worker().part(self._js_blob, span.start, span.end), "the archive")


class BrowserDraft:
    """A new file."""

    def __init__(self, js_draft: Any) -> None:
        self._js_draft = js_draft

    async def write(self, body: JsBody) -> None:
        """Add to its end."""
        await _translated(self._js_draft.write(body.js_body))

    async def close(self) -> Any:
        """Put it in its place: the target, or a Blob where there was none."""
        return await _translated(self._js_draft.close())

    async def abort(self) -> None:
        """Forget it."""
        await _translated(self._js_draft.abort())


class BrowserArchives:
    """Files that the visitor has chosen, and Blobs."""

    async def open(self, source: Any) -> BrowserArchive:
        """A file that is there."""
        return BrowserArchive(await _translated(js_worker().openArchive(source)))

    async def create(self, target: Any) -> BrowserDraft:
        """A new file."""
        return BrowserDraft(await _translated(js_worker().createArchive(target)))


async def _translated(js_promise: Awaitable[Any]) -> Any:
    try:
        return await js_promise
    except JsException as exc:
        raise _unusable(exc) from exc


def _unusable(exc: JsException) -> StorageError:
    return StorageError(f"The file cannot be used: {reason(exc).rstrip('.')}.")
