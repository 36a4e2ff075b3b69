"""The names under which chunks and records are kept.

A key says all that is known of a chunk, its sha256 included: a list of keys is a list of what is
there, nothing has to be read, and nothing can be half written. Each part stands behind a `=`, so
that none is empty, `.` or `..`, whatever a model or a server calls itself.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from hashlib import sha256
from urllib.parse import quote, unquote

from intab.engine.io.ranges import Span, parse_span
from intab.engine.io.untrusted import decimal

_RECORD = "record"
_READABLE = 24  # characters of a name on a disk, behind its hash
_PLACE = re.compile(r"^[a-z]+:/+|/resolve/.*|/$")  # of an address: what says least


@dataclass(frozen=True)
class ModelKey:
    """A model folder: its address, and the revision if a hub has those."""

    base: str
    revision: str = ""

    @property
    def record(self) -> str:
        """The key of the note about this model."""
        return _join(self.base, self.revision, _RECORD)


@dataclass(frozen=True)
class ChunkKey:
    """Bytes of a file: which, of what version, and their sha256.

    `sha256` is the manifest's for the whole file ("" unknown), `version` the server's ETag.
    """

    model: ModelKey
    file: str
    sha256: str
    version: str
    size: int
    span: Span
    digest: str

    def __str__(self) -> str:
        parts = (self.file, self.sha256, self.version, str(self.size), str(self.span), self.digest)
        return _join(*astuple(self.model), *parts)


def parse_chunk_key(text: str) -> ChunkKey | None:
    """The key that `str(key)` wrote, None for a record's and for anything else."""
    parts = _split(text)
    if len(parts) != 8:
        return None
    size, span, model = decimal(parts[5]), parse_span(parts[6]), ModelKey(parts[0], parts[1])
    if size is None or span is None or span.end > size:
        return None
    key = ChunkKey(model, parts[2], parts[3], parts[4], size, span, parts[7])
    return key if str(key) == text else None  # another spelling, under which nothing is found


def parse_record_key(text: str) -> ModelKey | None:
    """The model whose record has this key, None for any other key."""
    model = parse_model(text)
    return model if model and model.record == text else None


def parse_model(text: str) -> ModelKey | None:
    """The model whose chunk, record or rest of one has this key, None for any other key."""
    base, revision, *rest = _split(text) + [""] * 2
    begins = text.startswith(f"{_join(base, revision)}/") and len(rest) > 2
    return ModelKey(base, revision) if begins else None


def short_path(key: str) -> tuple[str, str]:
    """A folder's and a file's name for a key, if it is kept on a disk.

    Windows allows a path 259 characters; these have 33 and 57 at most. Each is a hash and what
    people may read, in small letters: no system has such a name for itself, takes two of them for
    the same, or minds their ends.

    >>> short_path("=https%3A%2F%2Fhost%2Forg%2FName%2Fresolve%2Fmain%2F/=main/=record")[0]
    '2280c745-org-name'
    """
    base, revision, *rest = _split(key) + [""] * 3
    folder = _readable("/".join(_PLACE.sub("", base).rsplit("/", 2)[-2:]), "model")
    file = _readable(rest[0].rpartition("/")[2], "file")
    return f"{_hash(f'{base} {revision}')[:8]}-{folder}", f"{_hash(key)[:32]}-{file}"


def _readable(text: str, otherwise: str) -> str:
    return re.sub(r"[^a-z0-9._]+", "-", text.lower())[-_READABLE:].strip("-._") or otherwise


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _join(*parts: str) -> str:
    return "/".join("=" + quote(part, safe="") for part in parts)


def _split(text: str) -> list[str]:
    if not text.isascii():  # none of ours
        return []
    return [unquote(part.removeprefix("=")) for part in text.split("/")]
