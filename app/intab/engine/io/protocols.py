"""What a platform provides for bytes over a network, and how far a load is.

The engine never looks into a body: it has a size, and small ones have text. Model bytes stay where
the platform put them, and the session takes them from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from intab.engine.io.ranges import Span
from intab.engine.io.retry import Clock, OnBytes, RetryPolicy
from intab.errors import OptionError


class Body(Protocol):
    """The bytes of a file or of a chunk, opaque to the engine."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def text(self) -> str:
        """The bytes as UTF-8, for small files only; ManifestError if they are not."""

    async def sha256(self) -> str:
        """The bytes' sha256 in lower-case hexadecimal digits."""


B = TypeVar("B", bound=Body)
B_co = TypeVar("B_co", bound=Body, covariant=True)
B_contra = TypeVar("B_contra", bound=Body, contravariant=True)


class Reply(Protocol[B_co]):
    """A server's answer whose body has not been read yet."""

    @property
    def status(self) -> int:
        """The status; a file on disk answers 200 or 404."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case; those that CORS hides are missing."""

    @property
    def hides(self) -> bool:
        """Whether that may be: whether CORS decides which of them are shown."""

    async def body(self, on_bytes: OnBytes) -> B_co:
        """The whole body, until `on_bytes` raises; TemporaryError if the connection breaks."""

    async def close(self) -> None:
        """Stop the rest of the answer; to be called in any case."""


class Fetch(Protocol[B_co]):
    """Where files come from."""

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> Reply[B_co]:
        """Ask, for a part if `span` is a Range header; TemporaryError if none answers. The
        token goes to that address's host alone, wherever it redirects to."""

    async def listing(self, address: str) -> list[str] | None:
        """The files in a folder and below it, by their paths from there; None if nobody lists
        them, as on most servers. Hidden folders are left out."""


class Assembly(Protocol[B_co]):
    """One file's bytes while they are put together, in whatever order they come."""

    def write(self, start: int, body: Any) -> None:
        """Copy a chunk to its place."""

    def finish(self) -> B_co:
        """The whole, once every byte of it has been written."""


class Memory(Protocol[B]):
    """Makes bodies."""

    def allocate(self, size: int, *, hashing: bool) -> Assembly[B]:
        """Room for a file, hashed on the way if that is wanted; DeviceError if there is not
        that much memory."""

    def encode(self, text: str) -> B:
        """A body of a text."""

    async def hold(self, body: B) -> B:
        """A store's body, in memory if there is room, so that the verified bytes are those used."""


@dataclass(frozen=True)
class Room:
    """The room of a store in bytes; None if not known.

    Attributes:
        used, quota: how much is used, and how much may be.
        persisted: whether the browser promised not to throw it away.
    """

    used: int | None = None
    quota: int | None = None
    persisted: bool = False

    @property
    def free(self) -> int | None:
        """The bytes that still fit."""
        if self.quota is None or self.used is None:
            return None
        return max(self.quota - self.used, 0)

    def __str__(self) -> str:
        used, quota = (
            "an unknown number of" if size is None else f"{size / 1e6:,.1f}"
            for size in (self.used, self.quota)
        )
        return f"{used} MB used of {quota} MB{', kept for good' if self.persisted else ''}"


class Store(Protocol[B]):
    """Where bodies are kept; every method raises StorageError if that cannot be."""

    async def match(self, key: str) -> B | None:
        """The body under a key, None if there is none."""

    async def put(self, key: str, body: B) -> None:
        """Keep a body; after this it is there whole, or StorageError was raised."""

    async def delete(self, key: str) -> None:
        """Forget a body; nothing happens if there is none."""

    async def keys(self) -> list[str]:
        """All keys."""

    async def room(self) -> Room:
        """How much is used and may be; asks the browser not to throw it away."""


class Archive(Protocol[B_co]):
    """A file outside of the store, to be read; StorageError if that cannot be."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self, span: Span) -> bytes:
        """A small part, for a look at it."""

    def body(self, span: Span) -> B_co:
        """A part of any size."""


class Draft(Protocol[B_contra]):
    """A file outside of the store while it is written; StorageError if that cannot be."""

    async def write(self, body: B_contra) -> None:
        """Add to its end."""

    async def close(self) -> Any:
        """Put it in its place; what the user gets."""

    async def abort(self) -> None:
        """Forget it; what was in its place stays."""


class Archives(Protocol[B]):
    """Files outside of the store, named as the platform names files."""

    async def open(self, source: Any) -> Archive[B]:
        """A file that is there."""

    async def create(self, target: Any) -> Draft[B]:
        """A new file."""


Lock = Callable[[str], AbstractAsyncContextManager[None]]
"""Makes others that want the same name wait, also in other tabs."""


def _no_choice(kind: str) -> None:
    raise OptionError(f"There is no store {kind!r}; here is but one.")


@dataclass(frozen=True)
class Services(Generic[B]):
    """All that a delivery needs of its platform; `use` chooses the store by its name."""

    fetch: Fetch[B]
    memory: Memory[B]
    store: Store[B]
    lock: Lock
    archives: Archives[B]
    use: Callable[[str], None] = _no_choice
    clock: Clock = field(default_factory=Clock)
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True)
class Progress:
    """How far a load is.

    Attributes:
        stage: "describe", "download", "start", "warm up"; of `intab.storage` "verify" and others;
            of a pipeline "run".
        loaded, total: bytes of the whole model, of "run" inputs; a stage without has total 0.
        file, file_loaded, file_total: the file that came last, and its bytes.
        rate: bytes a second.
        seconds_left: None while it is not known.
    """

    stage: str
    file: str = ""
    loaded: int = 0
    total: int = 0
    file_loaded: int = 0
    file_total: int = 0
    rate: float = 0.0
    seconds_left: float | None = None

    def __str__(self) -> str:
        """Such as "download: 34 of 140 MB, 12.3 MB/s, 9 s left"."""
        said = [self.stage]
        if self.total > 0 and self.stage == "run":
            said = [f"{self.stage}: {self.loaded} of {self.total}"]
        elif self.total > 0:
            said = [f"{self.stage}: {self.loaded / 1e6:.0f} of {self.total / 1e6:.0f} MB"]
        if self.rate:
            said.append(f"{self.rate / 1e6:.1f} MB/s")
        if self.seconds_left is not None:
            said.append(f"{self.seconds_left:.0f} s left")
        return ", ".join(said)


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Notice:
    """Something a user should hear of though the load goes on."""

    kind: Literal["memory", "changed", "damaged", "offline"]
    text: str


OnNotice = Callable[[Notice], None]


def silent(_: object) -> None:
    """The listener of callers that have none."""
