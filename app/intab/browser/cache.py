"""Where the browser keeps models: the Cache API, or its private file system, or IndexedDB.

All three are stores.mjs behind one class; which one is a name. Their errors become StorageErrors
that say what was refused.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

from pyodide.ffi import JsException

from intab.browser.fetch import JsBody
from intab.browser.ffi import js_worker, reason
from intab.engine.io.protocols import Room
from intab.engine.io.tasks import unbroken
from intab.errors import StorageError

KINDS = ("cache", "opfs", "indexeddb")


class BrowserStore:
    """Keeps bodies in one of the browser's stores."""

    def __init__(self, kind: str = "cache") -> None:
        self._js_store = js_worker().makeStore(kind)

    async def match(self, key: str) -> JsBody | None:
        """The body under a key, None where there is none."""
        js_chunk = await _translated(self._js_store.match(key))
        return None if js_chunk is None else JsBody(js_chunk)

    async def put(self, key: str, body: JsBody) -> None:
        """Keep a body."""
        await unbroken(_translated(self._js_store.put(key, body.js_body)))

    async def delete(self, key: str) -> None:
        """Forget a body."""
        await unbroken(_translated(self._js_store.remove(key)))

    async def keys(self) -> list[str]:
        """All keys."""
        return [str(key) for key in (await _translated(self._js_store.keys())).to_py()]

    async def room(self) -> Room:
        """What the origin uses and may use, of all stores together."""
        return Room(**json.loads(await _translated(js_worker().room())))


async def _translated(js_promise: Awaitable[Any]) -> Any:
    try:
        return await js_promise
    except JsException as exc:
        full = getattr(exc, "name", "") == "QuotaExceededError"
        why = "it is full" if full else reason(exc)
        raise StorageError(
            f"the browser's storage cannot be used ({why}): free disk space, or allow this site "
            "to store data."
        ) from exc


@asynccontextmanager
async def lock(name: str) -> AsyncIterator[None]:
    """Hold a name that only one tab or worker can hold."""
    js_lock = js_worker().lock(name)
    try:
        await js_lock.held
        yield
    finally:
        js_lock.release()
