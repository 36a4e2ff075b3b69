"""Why a folder has no graph to run: what it has instead, and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from intab.engine.hub.locate import Location
from intab.engine.hub.roles import role_of
from intab.engine.io.file_names import shown
from intab.errors import LoadError, ModelNotFoundError, UnsupportedModelError

# Files that tell what a folder is, if it is no model that intab can run.
TELLING = (
    "adapter_config.json",
    "model_index.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "weights.npz",
)
_MOST_SHOWN = 12
_EXPORT = "export the model to ONNX first"


def no_graph(
    location: Location,
    files: Collection[str],
    config: Mapping[str, Any],
    what: str = "a decoder of text",
) -> LoadError:
    """The error for a folder without a graph of `what` is wanted, by what is in it."""
    name = location.name
    if not files:
        return ModelNotFoundError(_nothing(location))
    have = {file.rpartition("/")[2] for file in files}
    if "adapter_config.json" in have:
        return UnsupportedModelError(
            f"{name} is a LoRA adapter (PEFT), not a whole model: merge it into its base model "
            "with PEFT's merge_and_unload, save that, and convert it with `intab convert`."
        )
    if "model_index.json" in files:
        return _of_diffusers(name, files)
    if graphs := sorted(file for file in files if file.endswith(".onnx")):
        return ModelNotFoundError(_other_graphs(name, graphs, what))
    if _is_mlx(have, config):
        return UnsupportedModelError(
            f"{name} has weights for MLX, packed as only that reads them: convert the checkpoint "
            "that they were made of with `intab convert`."
        )
    return _checkpoint(name, have)


def _of_diffusers(name: str, files: Collection[str]) -> LoadError:
    advice = "load it by intab.pipeline('text-to-image', ...)"
    if any(role_of(file) == "unet" for file in files):
        return UnsupportedModelError(
            f"{name} is a pipeline of diffusers, which makes pictures: {advice}."
        )
    return ModelNotFoundError(
        f"{name} is a pipeline of diffusers and has no unet/model.onnx: export all of it with "
        f"`optimum-cli export onnx`, then {advice}."
    )


def _nothing(location: Location) -> str:
    name, asked = shown(location.name), location.file("config.json")
    if re.search(r"[/:~\\]", location.name):
        return (
            f"There is no model at {name}: there is no file at {asked}. Check the spelling, and "
            "whether the files are there."
        )
    return (
        f"There is no model {name} in models/: there is no file at {asked}. A model of a hub is "
        f"named org/{name}, a folder of yours ./{name}."
    )


def _other_graphs(name: str, graphs: list[str], what: str) -> str:
    listed = ", ".join(map(shown, graphs[:_MOST_SHOWN]))
    more = f" and {len(graphs) - _MOST_SHOWN} more" if len(graphs) > _MOST_SHOWN else ""
    return (
        f"{name} has no onnx/model*.onnx or other graph whose name says that it is {what}. "
        f"Its graphs are {listed}{more}: name the one to load by its path, such as "
        f"./folder/{shown(graphs[0])}, or its page at the hub."
    )


def _is_mlx(have: Collection[str], config: Mapping[str, Any]) -> bool:
    packed = config.get("quantization")
    return "weights.npz" in have or (isinstance(packed, Mapping) and "group_size" in packed)


def _checkpoint(name: str, have: Collection[str]) -> LoadError:
    """The error for a folder with weights that are no graph, or with nothing."""
    endings = {file.rpartition(".")[2] for file in have}
    if "safetensors" in endings or "model.safetensors.index.json" in have:
        return ModelNotFoundError(
            f"{name} is a checkpoint (safetensors) and has no ONNX graph: convert it with "
            "`intab convert FOLDER --out NEW`, then load ./NEW, or choose a model that has onnx/."
        )
    if "gguf" in endings:
        return ModelNotFoundError(
            f"{name} has GGUF files, which llama.cpp reads, and no ONNX graph: convert one with "
            "`intab convert FILE.gguf --out NEW` and load ./NEW, or choose a model that has onnx/."
        )
    if any(file.startswith("pytorch_model") for file in have):
        return ModelNotFoundError(
            f"{name} is a checkpoint in PyTorch's own form and has no ONNX graph: load and save it "
            "with transformers, which writes safetensors, and convert that with `intab convert`."
        )
    return ModelNotFoundError(
        f"The folder holds no onnx/model*.onnx ({name}, of {len(have)} files): {_EXPORT}."
    )
