"""Reads a Hugging Face checkpoint: config.json and safetensors, in one file or in shards.

    checkpoint = Checkpoint(folder)
    checkpoint.tensor("model.norm.weight", (576,))     # float32, checked

Tensors are read when asked for. It knows no family.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401 - teaches numpy bfloat16, which safetensors asks it for by name
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from intab.convert.architecture import Array
from intab.engine.download import parse_object
from intab.errors import ConvertError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
NUMBERS = ("F64", "F32", "F16", "BF16")  # anything else is a weight without its scale
BUFFERS = (".attn.bias", ".attention.bias", ".masked_bias", ".inv_freq")  # stored, but not learnt


class Checkpoint:
    """A folder's config and tensors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = read_json(folder, "config.json")
        if self.config.get("quantization_config"):
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
            raise ConvertError(
                f"The checkpoint has no tensor {name}: is it complete, and is config.json its own?"
            )
        array = self._read(name)
        if shapes and array.shape not in shapes:
            wanted = " or ".join(map(str, shapes))
            raise ConvertError(
                f"{name} has the shape {array.shape}, but config.json asks for {wanted}: "
                "they belong to different models."
            )
        if not np.isfinite(array).all():
            raise ConvertError(
                f"{name} holds NaN or infinite values: the checkpoint is damaged or its training "
                "diverged; take another one."
            )
        return array

    def parameters(self) -> int:
        """The number of weights in all tensors that were learnt."""
        total = 0
        for shard in set(self.shards.values()):
            names = [name for name in _names(self.folder / shard) if not name.endswith(BUFFERS)]
            with safe_open(self.folder / shard, framework="numpy") as file:
                total += sum(math.prod(file.get_slice(name).get_shape()) for name in names)
        return total

    def _read(self, name: str) -> Array:
        path = self.folder / self.shards[name]
        try:
            with safe_open(path, framework="numpy") as file:
                if (kind := file.get_slice(name).get_dtype()) not in NUMBERS:
                    raise ConvertError(
                        f"{name} holds {kind}: convert a checkpoint in {', '.join(NUMBERS)}."
                    )
                array: NDArray[Any] = file.get_tensor(name)
        except (SafetensorError, OSError) as exc:
            raise ConvertError(f"{path} cannot be read ({exc}): fetch it again.") from exc
        return array.astype(np.float32)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON object of the folder; ConvertError where it is missing."""
    path = folder / name
    if not path.is_file():
        raise ConvertError(f"{folder} has no {name}: is it a checkpoint's folder?")
    return parse_object(path.read_text(encoding="utf-8"), name)


def _shards(folder: Path) -> dict[str, str]:
    if (folder / INDEX).is_file():
        shards: dict[str, str] = read_json(folder, INDEX)["weight_map"]
    elif (folder / SINGLE).is_file():
        shards = dict.fromkeys(_names(folder / SINGLE), SINGLE)
    else:
        raise ConvertError(
            f"{folder} has no {SINGLE} and no {INDEX}: save the checkpoint as safetensors first."
        )
    missing = sorted(name for name in set(shards.values()) if not (folder / name).is_file())
    if missing:
        raise ConvertError(f"{folder} lacks {', '.join(missing)}: fetch the missing shards.")
    return shards


def _names(path: Path) -> list[str]:
    try:
        with safe_open(path, framework="numpy") as file:
            return list(file.keys())
    except (SafetensorError, OSError) as exc:
        raise ConvertError(f"{path} cannot be read ({exc}): fetch it again.") from exc
