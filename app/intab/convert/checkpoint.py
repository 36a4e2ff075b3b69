"""Reads a Hugging Face checkpoint: config.json and safetensors, in one file or in shards.

    checkpoint = Checkpoint(folder)
    checkpoint.tensor("model.norm.weight", (576,))     # float32, checked

Tensors are read when asked for. It knows no family.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401 - teaches numpy bfloat16, which safetensors asks it for by name
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from intab.convert.architecture import Array
from intab.engine.io.small_files import parse_object
from intab.errors import ConvertError, ManifestError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
NUMBERS = ("F64", "F32", "F16", "BF16")  # anything else is a weight without its scale
QUANTIZED = ("quantization_config", "quantization", "compression_config")
BUFFERS = (".attn.bias", ".attention.bias", ".masked_bias", ".inv_freq")  # stored, but not learnt


@dataclass(frozen=True)
class Stored:
    """What a safetensors file says of a tensor: its shape, and its dtype such as BF16."""

    shape: tuple[int, ...]
    dtype: str


class Checkpoint:
    """A folder's config and tensors; `remarks` are what there is to say of them."""

    remarks: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise ConvertError(f"{folder} is no folder: give one with a checkpoint in it.")
        self.config = read_json(folder, "config.json")
        inner = self.config.get("text_config")
        for config in (self.config, inner if isinstance(inner, dict) else {}):
            if any(config.get(key) for key in QUANTIZED):
                raise ConvertError(
                    f"{folder} is quantized already: convert the checkpoint that it was made from."
                )
        self.shards = _shards(folder)  # tensor name -> file

    def has(self, name: str) -> bool:
        """Whether there is a tensor of that name."""
        return name in self.shards

    def tensor(self, name: str, *shapes: tuple[int, ...]) -> Array:
        """A tensor as float32; ConvertError unless it has one of `shapes` and is finite."""
        if name not in self.shards:
            raise _missing(name)
        array = self._read(name)
        if shapes and array.shape not in shapes:
            raise _wrong_shape(name, array.shape, shapes)
        if not np.isfinite(array).all():
            raise ConvertError(
                f"{name} holds NaN or infinite values: the checkpoint is damaged or its training "
                "diverged; take another one."
            )
        return array

    @cached_property
    def stored(self) -> dict[str, Stored]:
        """What the files say of each of their tensors."""
        shards = sorted(set(self.shards.values()))
        return {k: v for shard in shards for k, v in _headers(self.folder / shard).items()}

    def check(self, name: str, shape: tuple[int, ...]) -> None:
        """ConvertError unless a tensor is there, has that shape and holds floats."""
        if name not in self.shards or name not in self.stored:
            raise _missing(name)
        found = self.stored[name]
        if found.dtype not in NUMBERS:
            raise _wrong_dtype(name, found.dtype)
        if found.shape != shape:
            raise _wrong_shape(name, found.shape, (shape,))

    def parameters(self) -> int:
        """The number of weights in all tensors that were learnt."""
        learnt = (found for name, found in self.stored.items() if not name.endswith(BUFFERS))
        return sum(math.prod(found.shape) for found in learnt)

    def _read(self, name: str) -> Array:
        path = self.folder / self.shards[name]
        try:
            with safe_open(path, framework="numpy") as file:
                if (kind := file.get_slice(name).get_dtype()) not in NUMBERS:
                    raise _wrong_dtype(name, kind)
                array: NDArray[Any] = file.get_tensor(name)
        except (SafetensorError, OSError) as exc:
            raise ConvertError(f"{path} cannot be read ({exc}): fetch it again.") from exc
        return array.astype(np.float32)


def _missing(name: str) -> ConvertError:
    return ConvertError(
        f"The checkpoint has no tensor {name}: is it complete, and is config.json its own?"
    )


def _wrong_shape(
    name: str, shape: tuple[int, ...], wanted: tuple[tuple[int, ...], ...]
) -> ConvertError:
    return ConvertError(
        f"{name} has the shape {shape}, but config.json asks for "
        f"{' or '.join(map(str, wanted))}: they belong to different models."
    )


def _wrong_dtype(name: str, dtype: str) -> ConvertError:
    return ConvertError(f"{name} holds {dtype}: convert a checkpoint in {', '.join(NUMBERS)}.")


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON object of the folder; ConvertError where there is none that can be read."""
    path = folder / name
    if not path.is_file():
        raise ConvertError(f"{folder} has no {name}: is it a checkpoint's folder?")
    try:
        return parse_object(path.read_text(encoding="utf-8-sig"), name)
    except (ManifestError, OSError, UnicodeDecodeError) as exc:
        raise ConvertError(f"{path} cannot be read ({exc}): fetch it again.") from exc


def _shards(folder: Path) -> dict[str, str]:
    if (folder / INDEX).is_file():
        shards = _parse_index(read_json(folder, INDEX))
    elif (folder / SINGLE).is_file():
        shards = dict.fromkeys(_headers(folder / SINGLE), SINGLE)
    else:
        raise ConvertError(
            f"{folder} has no {SINGLE} and no {INDEX}: save the checkpoint as safetensors first."
        )
    missing = sorted(name for name in set(shards.values()) if not (folder / name).is_file())
    if missing:
        raise ConvertError(f"{folder} lacks {', '.join(missing)}: fetch the missing shards.")
    return shards


def _parse_index(index: dict[str, Any]) -> dict[str, str]:
    """Tensor name -> file beside the index."""
    found = index.get("weight_map")
    if not isinstance(found, dict) or not found:
        raise ConvertError(f"{INDEX} has no weight_map with the file of each tensor.")
    for name, file in found.items():
        if not isinstance(file, str) or not file or Path(file).name != file:
            raise ConvertError(f"{INDEX} says that {name} is in {file!r}, which is no file's name.")
    return found


def _headers(path: Path) -> dict[str, Stored]:
    try:
        with safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {k: Stored(tuple(v.get_shape()), v.get_dtype()) for k, v in slices.items()}
    except (SafetensorError, OSError) as exc:
        raise ConvertError(f"{path} cannot be read ({exc}): fetch it again.") from exc
