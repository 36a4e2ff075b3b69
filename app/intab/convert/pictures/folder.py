"""The folder that is converted: its graphs, and the files beside them.

optimum's layout of Stable Diffusion: model_index.json, and unet/, vae_decoder/ and others, each
with a model.onnx in float32, whose weights may lie beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import onnx_ir as ir
from onnx_ir.passes import common

from intab.convert.community import check_versions
from intab.convert.writing import copy_files
from intab.engine.hub.layout import find_roles
from intab.engine.tasks.diffusion.files import FILES, INDEX, Settings
from intab.engine.tasks.diffusion.prompts import Prompts
from intab.engine.tasks.diffusion.task import OTHER_MODELS
from intab.errors import ConvertError, ManifestError

TEXT, UNET, DECODER, ENCODER = ROLES = ("text_encoder", "unet", "vae_decoder", "vae_encoder")
_NEEDED = ROLES[:-1]  # without an encoder there is no image-to-image


def is_pipeline(source: Path) -> bool:
    """Whether a folder is one of diffusers' layout, or is meant to be."""
    return (source / INDEX).is_file() or any((source / role).is_dir() for role in (UNET, DECODER))


def find_graphs(source: Path) -> dict[str, Path]:
    """The float32 graphs by their roles; ConvertError says what the folder lacks."""
    if not (source / INDEX).is_file():
        raise ConvertError(
            f"{source} has no {INDEX}, which every export of a pipeline has: export the whole "
            "pipeline with optimum, or copy the file from the model's checkpoint."
        )
    names = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
    roles = find_roles(names)
    if other := [role for role in OTHER_MODELS if role in roles or (source / role).is_dir()]:
        raise ConvertError(
            f"{source} has {other[0]}/, as Stable Diffusion XL, 3 and Flux have: those that can "
            "be converted are Stable Diffusion 1 and 2, SD-Turbo and LCM."
        )
    if missing := [role for role in _NEEDED if "fp32" not in roles.get(role, {})]:
        raise ConvertError(
            f"{source} has no {missing[0]}/model.onnx: export the whole pipeline in float32."
        )
    return {
        role: source / roles[role]["fp32"][0] for role in ROLES if "fp32" in roles.get(role, {})
    }


def read_texts(source: Path) -> dict[str, str]:
    """The configs and the tokenizer; ConvertError for what no pipeline can be made of."""
    there = [name for name in FILES if (source / name).is_file()]
    try:
        texts = {name: (source / name).read_text("utf-8-sig") for name in there}
        Prompts(texts, Settings.of(texts).most_tokens)
    except (ManifestError, OSError, UnicodeDecodeError) as exc:
        raise ConvertError(f"{source} cannot be used. {exc}") from exc
    return texts


def copy_texts(source: Path, target: Path) -> None:
    """What the pipeline reads beside its graphs, as it is; a README.md is a card of its own."""
    copy_files(source, target, FILES)


def read_graph(path: Path) -> ir.Model:
    """A float32 graph with all weights in memory, as initializers; ConvertError for one that is
    damaged, in other floats, or without a file of its weights."""
    shown = f"{path.parent.name}/{path.name}"
    try:
        model = ir.external_data.load_to_model(ir.load(path))
    except Exception as exc:  # protobuf's and onnx-ir's errors share no public base
        raise ConvertError(
            f"{shown} cannot be read ({exc}): copy it again, with all files of its weights."
        ) from exc
    check_versions(model, shown)
    if model.graph.opset_imports.get("", 0) < OLDEST:
        raise ConvertError(
            f"{shown} has operators before opset {OLDEST}: export it with a newer one."
        )
    if ir.DataType.FLOAT16 in set(_dtypes(model)):
        raise ConvertError(f"{shown} has float16 already: export the pipeline in float32.")
    for make in (common.LiftConstantsToInitializersPass, common.NameFixPass):
        make()(model)
    return model


OLDEST = 13  # opset whose DequantizeLinear has a scale a channel


def _dtypes(model: ir.Model) -> Iterator[ir.DataType]:
    values: Mapping[str, ir.Value] = model.graph.initializers
    return (value.const_value.dtype for value in values.values() if value.const_value is not None)
