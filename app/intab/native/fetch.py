"""Files from disk, or over HTTP where the address says so."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import httpx

from intab.engine.io.retry import OnBytes
from intab.errors import DownloadError
from intab.native.bodies import FileBody
from intab.native.web import HttpReply, origin, send

_MOST_LISTED = 10_000  # files of a folder; one with more is somebody's home, no model
_DEEPEST = 6  # folders in folders


@dataclass(frozen=True)
class DiskReply:
    """The answer about a file on disk."""

    path: Path
    headers: Mapping[str, str] = field(default_factory=dict)
    hides: bool = False

    @property
    def status(self) -> int:
        """200 where there is a file, 403 where that cannot be told, else 404."""
        try:
            return 200 if self.path.is_file() else 404
        except PermissionError:
            return 403
        except (OSError, ValueError):  # a name that no file can have
            return 404

    async def body(self, on_bytes: OnBytes) -> FileBody:
        """The file itself."""
        on_bytes(self.path.stat().st_size)
        return FileBody(self.path)

    async def close(self) -> None:
        """Nothing is open."""


class NativeFetch:
    """Fetches from folders and from http(s) addresses.

    Later parts of a file come from where an earlier one was redirected to, as long as that host
    sends them: a hub need not be asked for each. Such addresses are signed, like a password: they
    stay here.
    """

    def __init__(self) -> None:
        self._led: dict[tuple[str, str], httpx.URL] = {}

    async def listing(self, address: str) -> list[str] | None:
        """The files of a folder on disk; None of one that has too many, and of a server's."""
        if address.startswith(("http://", "https://")):
            return None
        return await asyncio.to_thread(_files_below, local_path(address))

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> DiskReply | HttpReply:
        """Ask a server; files on disk are there at once, and whole."""
        if not address.startswith(("http://", "https://")):
            return DiskReply(local_path(address))
        # The first part asks the address itself, so that each load learns what is there now.
        direct = self._led.get((token, address)) if span and span[:8] != "bytes=0-" else None
        if direct and (reply := await _part_from(direct, address, span)):
            return reply
        if direct and self._led.get((token, address)) == direct:
            del self._led[token, address]  # expired
        reply = await send(address, address, span, method, token)
        if span and reply.status == 206 and origin(reply.url) != origin(httpx.URL(address)):
            self._led[token, address] = reply.url
        return reply


async def _part_from(direct: httpx.URL, address: str, span: str) -> HttpReply | None:
    """A part from where the address was redirected to, None where that is over."""
    try:
        reply = await send(direct, address, span)
    except DownloadError:
        return None
    if reply.status == 206:
        return reply
    await reply.close()
    return None


def local_path(address: str) -> Path:
    """The path that a file: address or a plain path names; only in an address is %20 a space."""
    if not address.startswith("file:"):
        return _expanded(address)
    path = unquote(re.sub(r"^file:(?://(?:localhost)?(?=/))?", "", address))
    return Path(re.sub(r"^/(?=[A-Za-z]:)", "", path))  # file:///C:/x


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # nobody's home is known
        return Path(path)


def _files_below(folder: Path) -> list[str] | None:
    """The paths of all files; those that are no Unicode are left out."""
    found: list[str] = []
    for place, folders, names in os.walk(folder, onerror=_may_not_read, followlinks=True):
        inside = Path(place).relative_to(folder)
        deep = len(inside.parts) >= _DEEPEST
        folders[:] = [] if deep else [name for name in folders if not name.startswith(".")]
        found += [(inside / name).as_posix() for name in names]
        if len(found) > _MOST_LISTED:
            return None
    return sorted(path for path in found if _is_unicode(path))


def _is_unicode(path: str) -> bool:
    return path.isascii() or not re.search("[\ud800-\udfff]", path)


def _may_not_read(error: OSError) -> None:
    if isinstance(error, PermissionError):
        raise DownloadError(
            f"{error.filename} may not be read: ask its owner for access."
        ) from error
