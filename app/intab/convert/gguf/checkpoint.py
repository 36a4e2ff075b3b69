"""A GGUF file as a checkpoint: what a Hugging Face folder has, made of the file.

    with open_gguf(Path("model.gguf")) as checkpoint:
        checkpoint.folder                                # config.json, tokenizer.json ...
        checkpoint.tensor("model.norm.weight", (640,))   # float32

The texts lie in a folder that is gone afterwards; tensors are read and made float when asked for.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

from intab.convert.architecture import Array
from intab.convert.checkpoint import Checkpoint, Stored, read_json
from intab.convert.gguf.architectures import File, read_config_of
from intab.convert.gguf.container import Header, Tensor
from intab.convert.gguf.keys import Keys
from intab.convert.gguf.names import Source, sources_of
from intab.convert.gguf.parts import read_parts
from intab.convert.gguf.texts import write_texts
from intab.errors import ConvertError

EMBEDDING = "token_embd.weight"
_FLOATS = {GGMLQuantizationType.F32: "<f4", GGMLQuantizationType.F64: "<f8"}
_FLOATS |= {GGMLQuantizationType.F16: "<f2"}
_WHOLE = ("I8", "I16", "I32", "I64")
ROWS = 2048  # made float at once: bounds the memory that this takes besides
SMALL = 2**20  # elements of a table of factors: more is no table


class GgufCheckpoint(Checkpoint):
    """The config and tensors of a GGUF file; its texts lie in `folder`."""

    def __init__(self, header: Header, folder: Path, ignored: Collection[str] = ()) -> None:
        self.header, self.folder = header, folder
        architecture = header.metadata.get("general.architecture")
        if not isinstance(architecture, str) or not architecture:
            raise ConvertError(f"{header.path} does not say its architecture: take another file.")
        keys = Keys(header.path, header.metadata, architecture)
        check_types(header)
        rows = self._table(EMBEDDING).shape
        file = File(keys, header.tensors.keys(), self._factors, rows[0] if rows else 0)
        written = write_texts(folder, keys, read_config_of(file, ignored))
        self.remarks = (_origin(header), *written)
        self.config = read_json(folder, "config.json")
        self.sources: dict[str, Source] = sources_of(self.config, header.tensors.keys())
        self.shards = dict.fromkeys(self.sources, header.path.name)

    @cached_property
    def stored(self) -> dict[str, Stored]:
        """The shapes under transformers' names; all are floats once read."""
        return {name: self._describe(source) for name, source in self.sources.items()}

    def _describe(self, source: Source) -> Stored:
        if source.zeros:
            return Stored(source.zeros, "F32")
        tensor = self.header.tensors[source.name]
        kind = tensor.kind.name if tensor.kind.name in _WHOLE else "F32"
        return Stored(source.shape(tensor.shape), kind)

    def _read(self, name: str) -> Array:
        source = self.sources[name]
        if source.zeros:
            return np.zeros(source.zeros, np.float32)
        return source.take(read_tensor(source.name, self.header.tensors[source.name]))

    def _table(self, name: str) -> Tensor:
        if name not in self.header.tensors:
            raise ConvertError(
                f"{self.header.path} has no tensor {name}: it holds no model that writes text, or "
                "not the whole of it."
            )
        return self.header.tensors[name]

    def _factors(self, name: str) -> Array | None:
        """A small tensor that config.json is made of."""
        tensor = self.header.tensors.get(name)
        if tensor is None:
            return None
        if len(tensor.shape) != 1 or tensor.shape[0] > SMALL:
            raise ConvertError(
                f"{name} has the shape {tensor.shape}, which is no table of factors."
            )
        return read_tensor(name, tensor)


@contextmanager
def open_gguf(path: Path, ignored: Collection[str] = ()) -> Iterator[GgufCheckpoint]:
    """The checkpoint in a GGUF file, or in the parts that lie beside it; `ignored` are names of
    metadata, without the architecture, that change nothing."""
    header = read_parts(path)
    with tempfile.TemporaryDirectory(prefix="intab-gguf-") as folder:
        yield GgufCheckpoint(header, Path(folder), ignored)


def read_tensor(name: str, tensor: Tensor) -> Array:
    """A tensor as float32, made float some rows at a time."""
    try:
        data = np.memmap(tensor.path, np.uint8, "r", tensor.start, (tensor.size,))
    except (OSError, ValueError) as exc:
        raise ConvertError(f"{tensor.path} cannot be read ({exc}): fetch it again.") from exc
    if tensor.kind in _FLOATS:
        return np.asarray(data.view(_FLOATS[tensor.kind]), np.float32).reshape(tensor.shape)
    width = tensor.shape[-1] if tensor.shape else 1
    rows = data.reshape(-1, max(tensor.size * width // max(_count(tensor), 1), 1))
    found = np.empty((len(rows), width), np.float32)
    for start in range(0, len(rows), ROWS):
        found[start : start + ROWS] = _float(name, tensor, rows[start : start + ROWS])
    return found.reshape(tensor.shape)


def _count(tensor: Tensor) -> int:
    return int(np.prod(tensor.shape, dtype=np.int64))


def check_types(header: Header) -> None:
    """ConvertError for a type that cannot be made float, found on a block of zeros of each."""
    first = {tensor.kind: name for name, tensor in reversed(header.tensors.items())}
    for kind, name in first.items():
        if kind not in _FLOATS and kind.name not in _WHOLE:
            size = GGML_QUANT_SIZES[kind][1]
            _float(name, header.tensors[name], np.zeros((1, size), np.uint8))


def _float(
    name: str, tensor: Tensor, rows: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> Array:
    try:
        with np.errstate(all="ignore"):  # a scale that is no number is found by the caller
            found: Array = quants.dequantize(np.ascontiguousarray(rows), tensor.kind)
    except (NotImplementedError, quants.QuantError) as exc:
        raise ConvertError(
            f"{name} is in {tensor.kind.name}, which cannot be made float: take a file in another "
            "quantization, such as Q8_0."
        ) from exc
    return found


def _origin(header: Header) -> str:
    """What the weights were in the file, the most frequent type first."""
    kinds = Counter(tensor.kind.name for tensor in header.tensors.values())
    listed = ", ".join(f"{count} in {kind}" for kind, count in kinds.most_common())
    return f"from {header.path.name}, whose tensors are {listed}: what is rounded there stays so"
