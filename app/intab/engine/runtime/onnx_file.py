"""Which files an ONNX graph has its weights in, read from the graph itself.

A tensor with external data names its file (`location`), relative to the graph's own folder:
https://onnx.ai/onnx/repo-docs/ExternalData.html. Tensors stand among a graph's initializers and in
the attributes of its nodes, those of subgraphs (the bodies of If and Loop) and of functions too.
Weights themselves are passed over. browser/js/ort/onnx_file.mjs is the same for a browser.

    >>> external_files(lambda start, end: b"", 0)
    []
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

Read = Callable[[int, int], bytes]  # (start, end) -> the bytes there

# What may lie in what: kind of message -> field number -> kind. Numbers:
# https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto3
INSIDE = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
MOST_LEVELS = 100  # of messages in messages; three to a subgraph
_EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 13, 14, 1  # of TensorProto
_KEY = b"location"
_LOOKED_THROUGH = 4096  # bytes of a message that is searched before it is read
_WINDOW = 64 * 1024
_VARINT_MOST = 10  # bytes


def external_files(read: Read, size: int) -> list[str]:
    """The names as they stand in the file, each once, in the order in which they come.

    ValueError if the file is no protobuf, is cut off, or has a name that is not UTF-8.
    """
    return list(dict.fromkeys(_names(_Source(read, size), "model", 0, size, 0)))


def _names(source: _Source, kind: str, start: int, end: int, level: int) -> Iterator[str]:
    if level > MOST_LEVELS:
        raise ValueError(f"it has over {MOST_LEVELS} levels of graphs in graphs")
    if not source.may_name(start, end):
        return
    if kind == "tensor":
        yield from source.locations(start, end)
        return
    for number, at, to in source.fields(start, end):
        if inner := INSIDE[kind].get(number):
            yield from _names(source, inner, at, to, level + 1)


class _Source:
    """A file read in windows."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size
        self._from = 0
        self._window = b""

    def bytes(self, start: int, end: int) -> bytes:
        if end - start > _WINDOW:
            return self._read(start, end)
        if start < self._from or end > self._from + len(self._window):
            self._from = start
            self._window = self._read(start, min(start + _WINDOW, self._size))
        return self._window[start - self._from : end - self._from]

    def may_name(self, start: int, end: int) -> bool:
        """Whether a message may name a file; a large one always may."""
        return end - start > _LOOKED_THROUGH or _KEY in self.bytes(start, end)

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The fields of a message: number, and where the content begins and ends."""
        while start < end:
            tag, after = self.varint(start)
            at, to = self._content(tag & 7, after)
            if to > end:
                raise ValueError("it is cut off")
            yield tag >> 3, at, to
            start = to

    def varint(self, at: int) -> tuple[int, int]:
        """A number, and where it ends."""
        value = 0
        for count, byte in enumerate(self.bytes(at, min(at + _VARINT_MOST, self._size))):
            value |= (byte & 127) << (7 * count)
            if byte < 128:
                return value, at + count + 1
        raise ValueError("it is no protobuf, or it is cut off")

    def _content(self, wire: int, at: int) -> tuple[int, int]:
        match wire:
            case 0:
                return at, self.varint(at)[1]
            case 1:
                return at, at + 8
            case 2:
                length, start = self.varint(at)
                return start, start + length
            case 5:
                return at, at + 4
        raise ValueError("it is no protobuf")

    def locations(self, start: int, end: int) -> Iterator[str]:
        """The names of a tensor's file; none if its data is in the tensor."""
        fields = list(self.fields(start, end))
        told = [self.varint(at)[0] for number, at, _ in fields if number == _DATA_LOCATION]
        if told[-1:] != [_EXTERNAL]:
            return
        for number, at, to in fields:
            if number == _EXTERNAL_DATA:
                entry = {n: self.bytes(i, j) for n, i, j in self.fields(at, to)}
                if entry.get(1) == _KEY:
                    yield entry.get(2, b"").decode()
