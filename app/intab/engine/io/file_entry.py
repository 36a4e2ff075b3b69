"""The facts about a file that are known before it is fetched."""

from __future__ import annotations

from dataclasses import dataclass

from intab.engine.io.ranges import Span, chunk_for, is_chunk


@dataclass(frozen=True)
class FileEntry:
    """A file as it is known beforehand: size in bytes (-1 unknown), sha256 ("" unknown), and
    perhaps the sha256 of each of its chunks of `chunk_size` bytes."""

    size: int = -1
    sha256: str = ""
    chunk_size: int = 0
    chunks: tuple[str, ...] = ()

    @property
    def chunk(self) -> int:
        """The bytes of a chunk: of those that have hashes, else as suits the size."""
        return self.chunk_size or chunk_for(self.size)

    def digest_of(self, span: Span) -> str:
        """The sha256 that is expected of a chunk, "" if none was."""
        if not self.chunks or not is_chunk(span, self.size, self.chunk_size):
            return ""
        return self.chunks[span.start // self.chunk_size]
