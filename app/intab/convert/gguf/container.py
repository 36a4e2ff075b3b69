"""Reads the header of a GGUF file: metadata, and where each tensor lies.

    header = read_header(Path("model.gguf"))
    header.metadata["general.architecture"], header.tensors["token_embd.weight"].shape

Every length is held against what the file has before it is used, so a wrong or hostile number costs
neither memory nor time. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from intab.errors import ConvertError

MAGIC = b"GGUF"
OLDER = (b"lmgg", b"fmgg", b"tjgg", b"algg")  # ggml, ggmf, ggjt, ggla: before GGUF
VERSIONS = (2, 3)
ALIGNMENT = 32  # of tensors, if the file says nothing else
DIMENSIONS = 4
LONGEST = 2**40  # of a dimension: keeps products within what a file can be
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_NUMBERS |= {12: "d"}


@dataclass(frozen=True)
class Tensor:
    """A tensor in a file: its type, its shape as numpy has it, its bytes from `start` on."""

    path: Path
    kind: GGMLQuantizationType
    shape: tuple[int, ...]
    start: int
    size: int


@dataclass(frozen=True)
class Header:
    """What a file says of itself."""

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, Tensor]


def read_header(path: Path) -> Header:
    """The header of a file; ConvertError for one that is none, is cut off or is wrong."""
    try:
        with path.open("rb") as file:
            check_magic(path, file.read(64))
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _Reader(path, data).header()
    except OSError as exc:
        raise ConvertError(f"{path} cannot be read ({exc}): check that it is whole.") from exc


def check_magic(path: Path, start: bytes) -> None:
    """ConvertError unless a file begins as a GGUF of a version that is read."""
    if start[:4] in OLDER:
        raise ConvertError(f"{path} is of a time before GGUF: take a newer file of the model.")
    if start.startswith(b"version https://git-lfs"):
        raise ConvertError(f"{path} is a pointer of git-lfs to the file: fetch the file itself.")
    if start[:4] != MAGIC:
        raise ConvertError(f"{path} is no GGUF file: it does not begin with GGUF.")
    if len(start) < 24:
        raise _cut_off(path)
    version = int.from_bytes(start[4:8], "little")
    if version not in VERSIONS:
        if int.from_bytes(start[4:8], "big") in (1, *VERSIONS):
            raise ConvertError(f"{path} is big-endian: take the little-endian file of the model.")
        raise ConvertError(
            f"{path} is GGUF version {version}, and versions 2 and 3 are read: take a newer file."
        )


class _Reader:
    """Goes through a file from its start."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path, self.data, self.place = path, data, 8

    def header(self) -> Header:
        tensors, keys = self.number("Q"), self.number("Q")
        # The smallest key has 13 bytes, the smallest tensor 24.
        if 13 * keys + 24 * tensors > len(self.data) - self.place:
            raise _cut_off(self.path)
        metadata: dict[str, Any] = {}
        for _ in range(keys):
            self.once(metadata, self.text(), self.value)
        infos: dict[str, tuple[tuple[int, ...], GGMLQuantizationType, int]] = {}
        for _ in range(tensors):
            self.once(infos, self.text(), self.info)
        start = self.place + -self.place % alignment_of(self.path, metadata)
        return Header(self.path, metadata, {k: self.tensor(k, start, *v) for k, v in infos.items()})

    def once(self, found: dict[str, Any], name: str, read: Callable[[], Any]) -> None:
        """Read what a name stands for, which may be there only once."""
        if name in found:
            raise ConvertError(f"{self.path} has {name!r} twice: it is damaged; fetch it again.")
        found[name] = read()

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.place:
            raise _cut_off(self.path)
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def text(self) -> str:
        """A text, of a token too, is UTF-8."""
        try:
            return self.take(self.number("Q")).decode("utf-8")
        except UnicodeDecodeError as exc:
            raise ConvertError(
                f"{self.path} has a text that is not UTF-8: it is damaged; fetch it again."
            ) from exc

    def value(self) -> Any:
        """A number, a text, or a list of one of the two."""
        kind = self.number("I")
        if kind != _ARRAY:
            return self.single(kind)
        kind, count = self.number("I"), self.number("Q")
        if kind in _NUMBERS:
            code = _NUMBERS[kind]
            return list(struct.unpack(f"<{count}{code}", self.several(count, code)))
        if kind != _STRING:
            raise ConvertError(f"{self.path} has a list of lists, or of a type {kind}, as no GGUF.")
        if 8 * count > len(self.data) - self.place:
            raise _cut_off(self.path)
        return [self.text() for _ in range(count)]

    def several(self, count: int, code: str) -> bytes:
        return self.take(count * struct.calcsize(f"<{code}"))

    def single(self, kind: int) -> Any:
        if kind == _STRING:
            return self.text()
        if kind not in _NUMBERS:
            raise ConvertError(
                f"{self.path} has metadata of a type {kind}, which GGUF has not: it is damaged; "
                "fetch it again."
            )
        return self.number(_NUMBERS[kind])

    def info(self) -> tuple[tuple[int, ...], GGMLQuantizationType, int]:
        """A tensor's shape, type and offset."""
        count = self.number("I")
        if count > DIMENSIONS:
            raise ConvertError(f"{self.path} has a tensor with {count} dimensions: it is damaged.")
        shape = tuple(reversed([self.number("Q") for _ in range(count)]))
        kind = self.number("I")
        if kind not in [known.value for known in GGMLQuantizationType]:
            raise ConvertError(
                f"{self.path} has a tensor of the type {kind}, which is not known: take a file in "
                "another quantization, such as Q8_0."
            )
        return shape, GGMLQuantizationType(kind), self.number("Q")

    def tensor(
        self, name: str, start: int, shape: tuple[int, ...], kind: GGMLQuantizationType, offset: int
    ) -> Tensor:
        """Where a tensor lies, checked against the file's end."""
        block, size = GGML_QUANT_SIZES[kind]
        if any(not 1 <= one <= LONGEST for one in shape) or (shape or (1,))[-1] % block:
            raise ConvertError(
                f"{self.path} has a tensor {name} in {kind.name} of the shape {shape}, which "
                "cannot be: it is damaged; fetch it again."
            )
        count = math.prod(shape) // block * size
        if start + offset + count > len(self.data):
            raise _cut_off(self.path, start + offset + count)
        return Tensor(self.path, kind, shape, start + offset, count)


def alignment_of(path: Path, metadata: dict[str, Any]) -> int:
    """The alignment of a file's tensors."""
    found = metadata.get("general.alignment", ALIGNMENT)
    if type(found) is int and 1 <= found <= 2**20 and found & (found - 1) == 0:
        return found
    raise ConvertError(f"{path} has an alignment of {found!r}, which is no power of two.")


def _cut_off(path: Path, needed: int = 0) -> ConvertError:
    size = f" (it has {path.stat().st_size:,} bytes of {needed:,})" if needed else ""
    return ConvertError(f"{path} is cut off{size}: fetch it again.")
