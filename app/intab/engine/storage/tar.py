"""Tar archives whose contents stay where they are: names and places in, headers out.

Python's tarfile reads and writes the headers; the bytes of files are never read here. An archive
may be anybody's, so whatever a model's folder cannot have is refused.
"""

from __future__ import annotations

import tarfile
from typing import Any, Protocol, cast

from intab.engine.io.ranges import Span
from intab.engine.io.untrusted import file_name, shown
from intab.errors import ManifestError

END = "\0" * 1024
_BLOCK = 512
_LARGEST_HEADER = 1024 * 1024  # with the long names that pax keeps in an extra header
# tarfile's errors if headers make no sense; headers of headers make it call itself.
_DAMAGE = (
    *(tarfile.TarError, ArithmeticError, LookupError, ValueError, TypeError),
    *(AttributeError, RecursionError),
)
_MOST_READS = 100_000  # of headers: a malicious chain of them must end


class Readable(Protocol):
    """Something that small parts can be read of at once."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self, span: Span) -> bytes:
        """A part of it, a few hundred bytes long."""


def header(name: str, size: int) -> str:
    """What stands before a file of `size` bytes."""
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.PAX_FORMAT).decode()


def padding(size: int) -> str:
    """What stands after a file of `size` bytes."""
    return "\0" * (-size % _BLOCK)


def read_members(archive: Readable) -> dict[str, Span]:
    """Where each file's bytes are, by its name; ManifestError if there is anything but files
    and folders, or less than is expected."""
    try:
        members = tarfile.TarFile(fileobj=cast("Any", _Window(archive))).getmembers()
    except _DAMAGE as exc:
        raise ManifestError(
            f"This is not a tar archive, or a damaged or broken-off one ({exc})."
        ) from exc
    found: dict[str, Span] = {}
    for member in members:
        if member.isdir():
            continue
        name = _checked_name(member)
        span = Span(member.offset_data, member.offset_data + member.size)
        if name in found:
            raise ManifestError(f"The archive holds {name} twice: it is not a model's folder.")
        if not 0 <= span.start <= span.end <= archive.size:
            raise ManifestError(f"The archive has no room for {name}: it is damaged.")
        found[name] = span
    return found


def _checked_name(member: tarfile.TarInfo) -> str:
    """The name without empty parts and `.`."""
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if not member.isreg() or member.sparse is not None:
        problem = "is a link or something else that is no file"
    elif member.name.startswith("/"):
        problem = "has a name that leads out of its folder"
    else:
        try:
            return file_name("/".join(parts))
        except ValueError as exc:
            problem = f"has a name that leads out of its folder or is none ({exc})"
    raise ManifestError(
        f"In the archive {shown(member.name)} {problem}: it is not a model's folder."
    )


class _Window:
    """The file object that tarfile reads headers through."""

    def __init__(self, archive: Readable) -> None:
        self._archive = archive
        self._at = 0
        self._reads = 0

    def tell(self) -> int:
        return self._at

    def seek(self, position: int) -> int:
        if position < 0:
            raise tarfile.ReadError("a size is negative")
        self._at = position
        return position

    def read(self, count: int) -> bytes:
        self._reads += 1
        if count > _LARGEST_HEADER or self._reads > _MOST_READS:
            raise tarfile.ReadError("its headers are too large")
        start = min(self._at, self._archive.size)
        end = min(start + count, self._archive.size)
        self._at = end
        return self._archive.read(Span(start, end)) if end > start else b""
