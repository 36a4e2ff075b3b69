"""A stored model, as its record and the keys of its chunks tell of it. No body is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from intab.engine.hub.manifest import parse_manifest
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.ranges import Span
from intab.engine.storage.keys import ChunkKey, ModelKey
from intab.engine.storage.model_cache import fits, was_verified
from intab.errors import ManifestError


@dataclass(frozen=True)
class StoredFile:
    """A file of a stored model.

    Attributes:
        name: its path in the model's folder.
        size, stored: its bytes, and how many of them are there.
        verified: whether they were found to have the sha256 that the manifest has.
    """

    name: str
    size: int
    stored: int
    verified: bool


@dataclass(frozen=True)
class StoredModel:
    """A model that is stored, or part of one.

    Attributes:
        name, address: the name it was loaded by, and its folder's address.
        revision, commit: a hub's revision as asked for, and its commit; "" elsewhere.
        files: those of which something is stored.
        total: the bytes it has when it is complete, None while that is not known.
        complete: whether all is there that a load needs.
        last_used: in seconds since 1970; None for one that was imported and not loaded yet.
    """

    name: str
    address: str
    revision: str
    commit: str
    files: tuple[StoredFile, ...]
    total: int | None
    complete: bool
    last_used: float | None

    def __str__(self) -> str:
        whole = "complete" if self.complete else "incomplete"
        return f"{self.name}: {self.bytes / 1e6:.1f} MB, {whole}"

    @property
    def bytes(self) -> int:
        """The bytes that are stored."""
        return sum(file.stored for file in self.files)

    @property
    def verified(self) -> bool:
        """Whether all files were found to have the sha256 that their manifest has."""
        return self.complete and all(file.verified for file in self.files)


def describe(key: ModelKey, record: dict[str, Any], chunks: Iterable[ChunkKey]) -> StoredModel:
    """A model as its record and its chunks tell of it."""
    entries = _entries(record)
    by_file: defaultdict[str, set[ChunkKey]] = defaultdict(set)
    for chunk in chunks:
        # Files of an earlier version go with the next load.
        if fits(chunk, entries.get(chunk.file, FileEntry())):
            by_file[chunk.file].add(chunk)
    verified = record.get("verified", {})
    files = tuple(_describe_file(n, by_file[n], verified.get(n)) for n in sorted(by_file))
    sizes = {name: entry.size for name, entry in entries.items() if entry.size >= 0}
    sizes |= {file.name: file.size for file in files}
    needed = record.get("files")
    whole = {file.name for file in files if file.stored == file.size}
    return StoredModel(
        name=record.get("name") or key.base,
        address=key.base,
        revision=key.revision,
        commit=record.get("commit", ""),
        files=files,
        total=sum(sizes[n] for n in needed) if needed and sizes.keys() >= set(needed) else None,
        complete=needed is not None and whole.issuperset(needed),
        last_used=record.get("used"),
    )


def _entries(record: dict[str, Any]) -> dict[str, FileEntry]:
    try:
        return parse_manifest(record["manifest"]).files
    except (KeyError, ManifestError):  # chunks speak for themselves
        return {}


def _describe_file(name: str, chunks: set[ChunkKey], verdict: Any) -> StoredFile:
    right = all(was_verified(verdict, chunk.sha256, [chunk]) for chunk in chunks)
    stored = _covered(chunk.span for chunk in chunks)
    return StoredFile(name, max(c.size for c in chunks), stored, right)


def _covered(spans: Iterable[Span]) -> int:
    """The bytes that spans have together; some may overlap."""
    end = total = 0
    for span in sorted(spans):
        total += max(span.end - max(span.start, end), 0)
        end = max(end, span.end)
    return total
