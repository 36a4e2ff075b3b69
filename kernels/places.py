"""Finds where onnxruntime-web calls its int8 GEMM: `python kernels/places.py DIST > places.mjs`.

DIST is the folder `dist` of the npm package onnxruntime-web. Its WebAssembly calls the GEMM through
the function table, with one place for unsigned rows and one for signed ones. The first is the only
function that has `i32x4.dot_i16x8_s`; the second is chosen beside it, by a `select` of constants.
A file that is not so is refused: nothing is guessed when a page runs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

BUILD = "ort-wasm-simd-threaded"
_DOT = bytes([0xFD, 0xBA, 0x01])  # i32x4.dot_i16x8_s
# local.get, then shape->AIsSigned, a byte at 12, decides between the constants before it: select.
_BY_SIGN = rb"\x20.\x2d\x00\x0c\x1b"
_CONSTANT = rb"\x41([\x80-\xff]*[\x00-\x7f])"
_SIGNATURE = (6, 0)  # MlasGemmQuantOperation: six parameters, no result
_TYPE, _IMPORT, _FUNCTION, _EXPORT, _ELEMENT, _CODE = 1, 2, 3, 7, 9, 10
_FUNCTION_KIND, _TABLE_KIND, _GLOBAL_KIND = 0, 1, 3


class PlaceError(Exception):
    """The file is not built as the kernel needs it; the message says what differs."""


@dataclass(frozen=True)
class Places:
    """Slots of the function table, the functions that stand there, names of exports, and the size
    of the file in bytes."""

    size: int
    slots: tuple[int, int]
    functions: tuple[int, int]
    table: str
    malloc: str
    free: str

    def module(self) -> str:
        """The text of places.mjs."""
        exports = f'table: "{self.table}", malloc: "{self.malloc}", free: "{self.free}"'
        return (
            "/** Where onnxruntime-web has its int8 GEMM: for unsigned rows, for signed ones"
            " (places.py). */\n"
            "export const PLACES = {\n"
            f"  size: {self.size},\n"
            f"  slots: {list(self.slots)},\n"
            f"  functions: {list(self.functions)},\n"
            f"  exports: {{ {exports} }},\n"
            "};\n"
        )


def find_places(dist: Path) -> Places:
    """Read the plain build; PlaceError if it is another than this was written for."""
    data = (dist / f"{BUILD}.wasm").read_bytes()
    wasm = Wasm(data)
    unsigned = _only(wasm.functions_with(_DOT), "functions with i32x4.dot_i16x8_s")
    if wasm.signature(unsigned) != _SIGNATURE:
        raise PlaceError(f"function {unsigned} has other parameters than an int8 GEMM's")
    table = wasm.table()
    slot = _only([at for at, found in table.items() if found == unsigned], "slots of the GEMM")
    other = _other_slot(data, slot)
    malloc, free = _allocator((dist / f"{BUILD}.mjs").read_text("utf-8"))
    exported = _only(
        [name for name, kind in wasm.exports() if kind == _TABLE_KIND], "exported tables"
    )
    return Places(len(data), (slot, other), (unsigned, table[other]), exported, malloc, free)


T = TypeVar("T")


def _only(found: list[T], what: str) -> T:
    if len(found) != 1:
        raise PlaceError(f"there are {len(found)} {what}, not one")
    return found[0]


def _other_slot(data: bytes, slot: int) -> int:
    """The slot for signed rows: it stands before that for unsigned ones where one is chosen."""
    after = re.escape(b"\x41" + _signed_leb(slot)) + _BY_SIGN
    found = [match[1] for match in re.finditer(_CONSTANT + after, data, re.DOTALL)]
    return _read_signed(_only(found, "choices between signed and unsigned rows"))


def _allocator(script: str) -> tuple[str, str]:
    """The exports that the script calls _malloc and _free."""
    names = [
        _only(re.findall(rf"\.{name}=\w+\.(\w+)", script), f"exports named {name}")
        for name in ("_malloc", "_free")
    ]
    return names[0], names[1]


def _signed_leb(value: int) -> bytes:
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def _read_signed(data: bytes) -> int:
    value = sum((byte & 0x7F) << 7 * at for at, byte in enumerate(data))
    return value - (1 << 7 * len(data)) if data[-1] & 0x40 else value


class Wasm:
    """The sections of a WebAssembly module, as far as they are needed here.
    https://webassembly.github.io/spec/core/binary/modules.html"""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._sections: dict[int, tuple[int, int]] = {}
        at = 8
        while at < len(data):
            number = data[at]
            size, start = self._unsigned(at + 1)
            self._sections[number] = (start, start + size)
            at = start + size
        self._imported = sum(kind == _FUNCTION_KIND for kind in self._imports())

    def functions_with(self, code: bytes) -> list[int]:
        """The functions whose code has these bytes."""
        count, at = self._unsigned(self._sections[_CODE][0])
        found = []
        for number in range(count):
            size, start = self._unsigned(at)
            at = start + size
            if self._data.find(code, start, at) >= 0:
                found.append(self._imported + number)
        return found

    def signature(self, function: int) -> tuple[int, int]:
        """How many parameters and results a function has; all i32, or (-1, -1)."""
        _, at = self._unsigned(self._sections[_FUNCTION][0])
        for _ in range(function - self._imported + 1):
            kind, at = self._unsigned(at)
        _, at = self._unsigned(self._sections[_TYPE][0])
        for _ in range(kind):
            _, at = self._type(at)
        return self._type(at)[0]

    def _type(self, at: int) -> tuple[tuple[int, int], int]:
        parameters, start = self._unsigned(at + 1)
        results, end = self._unsigned(start + parameters)
        kinds = {*self._data[start : start + parameters], *self._data[end : end + results]}
        counts = (parameters, results) if kinds <= {0x7F} else (-1, -1)
        return counts, end + results

    def table(self) -> dict[int, int]:
        """Slot -> function, of the one active element segment."""
        segments, at = self._unsigned(self._sections[_ELEMENT][0])
        if segments != 1 or self._data[at] != 0 or self._data[at + 1] != 0x41:
            raise PlaceError("the element section has another form than one plain segment")
        first, at = self._unsigned(at + 2)
        count, at = self._unsigned(at + 1)
        slots = {}
        for slot in range(first, first + count):
            slots[slot], at = self._unsigned(at)
        return slots

    def exports(self) -> Iterator[tuple[str, int]]:
        """Names and kinds."""
        count, at = self._unsigned(self._sections[_EXPORT][0])
        for _ in range(count):
            name, at = self._name(at)
            kind = self._data[at]
            _, at = self._unsigned(at + 1)
            yield name, kind

    def _imports(self) -> Iterator[int]:
        """Kinds."""
        count, at = self._unsigned(self._sections[_IMPORT][0])
        for _ in range(count):
            _, at = self._name(at)
            _, at = self._name(at)
            kind = self._data[at]
            yield kind
            at = self._after_import(kind, at + 1)

    def _after_import(self, kind: int, at: int) -> int:
        if kind == _FUNCTION_KIND:
            return self._unsigned(at)[1]
        if kind == _GLOBAL_KIND:
            return at + 2
        limits = at + 1 if kind == _TABLE_KIND else at
        _, end = self._unsigned(limits + 1)
        return self._unsigned(end)[1] if self._data[limits] & 1 else end

    def _name(self, at: int) -> tuple[str, int]:
        size, start = self._unsigned(at)
        return self._data[start : start + size].decode(), start + size

    def _unsigned(self, at: int) -> tuple[int, int]:
        """A number, and where it ends."""
        value = shift = 0
        while True:
            byte = self._data[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at


if __name__ == "__main__":
    print(find_places(Path(sys.argv[1])).module(), end="")
