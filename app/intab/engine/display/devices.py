"""What the reader's devices give piece by piece, by `async for`: a camera, a microphone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, Protocol, Self, TypeVar

from intab.engine.display import screen

T = TypeVar("T")


class Source(Protocol):
    """What gives pictures, or sound, until it is closed."""

    async def next(self) -> Any:
        """The next PIL.Image, or Sound of a microphone; ProgramError says why there is none."""

    def draw(self, found: str) -> None:
        """Draw what was found into the view: JSON of a list, or of a text."""

    def close(self) -> None:
        """Give it back; nothing happens the second time."""


class Device(ABC, Generic[T]):
    """One that is asked for with its first piece, and given back when the loop or the device
    ends. `about` tells the page what is wanted."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        self._about = about
        self._source: Source | None = None
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._closed:
            raise StopAsyncIteration
        if self._source is None:
            self._source = screen.current().take(self._about)
        try:
            return self._made(await self._source.next())
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _made(self, given: Any) -> T:
        """A piece, of what the page gave."""

    def close(self) -> None:
        """Give the device back: its light goes out, and the loop ends. A loop that is left does so
        too."""
        self._closed = True
        if self._source:
            self._source.close()

    def __del__(self) -> None:
        self.close()
