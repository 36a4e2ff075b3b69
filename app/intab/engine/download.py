"""Fetching a model's files over one small protocol.

The engine never looks into a body: it has a size, and small ones have text. Model bytes stay where
the fetcher put them (a JavaScript buffer, a file), and the session takes them from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from intab.errors import DownloadError, ManifestError, ModelNotFoundError

OnBytes = Callable[[int], None]
"""Called with the number of bytes that have just arrived."""


class Body(Protocol):
    """The bytes of one file, opaque to the engine."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def text(self) -> str:
        """The bytes as UTF-8, for small files only; ManifestError where they are not."""

    async def sha256(self) -> str:
        """The bytes' sha256 in lower-case hexadecimal digits."""


B = TypeVar("B", bound=Body)
B_co = TypeVar("B_co", bound=Body, covariant=True)


class Fetch(Protocol[B_co]):
    """Where files come from."""

    async def get(self, address: str, on_bytes: OnBytes | None = None) -> B_co | None:
        """The file, or None where there is none; DownloadError where it did not arrive whole."""

    async def exists(self, address: str) -> bool:
        """Whether there is a file at that address."""


@dataclass(frozen=True)
class Progress:
    """How far a load is: bytes of the whole model, or of a stage without bytes (total 0)."""

    stage: str
    file: str = ""
    loaded: int = 0
    total: int = 0


OnProgress = Callable[[Progress], None]


async def get_file(fetch: Fetch[B], address: str, on_bytes: OnBytes | None = None) -> B:
    """The file at `address`; ModelNotFoundError where there is none."""
    body = await fetch.get(address, on_bytes)
    if body is None:
        raise ModelNotFoundError(f"There is no file at {address}: check the model's name.")
    return body


async def get_json(fetch: Fetch[Body], address: str) -> dict[str, Any] | None:
    """The JSON object at `address`, None where there is no file."""
    body = await fetch.get(address)
    return None if body is None else parse_object(body.text(), address)


def parse_object(text: str, name: str) -> dict[str, Any]:
    """Parse one JSON object; ManifestError names the file that is not one."""
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise ManifestError(
            f"{name} is not valid JSON ({exc}): it may be damaged or a web page sent in its "
            "place; open the address to see, then load again."
        ) from exc
    if not isinstance(value, dict):
        raise ManifestError(f"{name} must hold a JSON object, not {type(value).__name__}.")
    return value


async def check_body(body: Body, name: str, size: int, sha256: str) -> None:
    """Compare a body with what the manifest promised; `size` -1 and `sha256` "" promise nothing."""
    if size >= 0 and body.size != size:
        raise DownloadError(
            f"{name} has {body.size:,} bytes, the manifest says {size:,}: "
            "the file is truncated or was replaced; reload the page to fetch it again."
        )
    if sha256 and await body.sha256() != sha256:
        raise DownloadError(
            f"{name} is damaged (its sha256 differs from the manifest's): "
            "reload the page to fetch it again."
        )
