"""Writes graphs into a model folder: dtype after dtype, each with its weights or another's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import onnx_ir as ir

from intab.convert.forms import Form
from intab.convert.kernels import check_kernels
from intab.convert.memory import weights_loaded
from intab.convert.progress import Steps
from intab.convert.reporting import LeftOut
from intab.convert.saving import save, save_sharing

FOLDER = "onnx"
T = TypeVar("T")


def copy_files(source: Path, target: Path, names: Iterable[str]) -> None:
    """Copy those that are there, into the same folders, as they are."""
    for name in names:
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)


def write_each(
    dtypes: Sequence[str], steps: Steps, left: LeftOut, write: Callable[[str, T | None, bool], T]
) -> dict[str, T]:
    """What `write` makes of each dtype, what it shares weights with, and whether its own may lie in
    the graph; q8f32 last, which shares q8's."""
    made: dict[str, T] = {}
    for dtype in sorted(dtypes, key=lambda dtype: dtype == "q8f32"):
        steps.begin(dtype)
        sharing = made.get("q8") if dtype == "q8f32" else None
        inline = dtype != "q8" or "q8f32" not in dtypes
        with left.out_if_it_fails(dtype, last=dtype == dtypes[-1] and not made):
            made[dtype] = write(dtype, sharing, inline)
    return made


def store(
    graph: ir.Model,
    target: Path,
    dtype: str,
    form: Form,
    sharing: Sequence[str] | None = None,
    *,
    inline: bool = True,
) -> tuple[list[str], int]:
    """Write a graph as `target`, with its weights or with those of the files it is `sharing`: the
    names of its files in the model folder, and the bytes of its weights once they are loaded.
    ConvertError if a device lacks a kernel."""
    for device in form.devices:
        check_kernels(graph, device, dtype)
    weights = weights_loaded(graph.graph)
    if sharing:
        others = [Path(file).name for file in sharing]
        names = save_sharing(graph, target.parent, target.name, others)
    else:
        names = save(graph, target.parent, target.name, inline=inline)
    return [f"{FOLDER}/{name}" for name in names], weights
