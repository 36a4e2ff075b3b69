"""Samples of what each product reads, from a text that is run through the float graph.

samples = watch(architecture, weights, pieces, folder)      # name -> [rows, inputs]
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from intab.convert.architecture import Architecture, Array, Weights
from intab.convert.decoder import decoder
from intab.convert.forms import WATCHED
from intab.convert.linear import READ
from intab.convert.running import Runner
from intab.convert.saving import save

PIECES = 3  # of the text that are run


def watch(
    arch: Architecture,
    weights: Weights,
    pieces: Sequence[list[int]],
    folder: Path,
    config: Mapping[str, Any],
) -> dict[str, Array]:
    """Write the float graph into `folder` for the while, and run the first pieces."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        place = Path(scratch)
        save(decoder(arch, weights, WATCHED), place, "watched.onnx")
        runner = Runner(place / "watched.onnx", config=config)
        found = [_kept(runner.run(list(ids), {}, rows=len(ids))) for ids in pieces[:PIECES]]
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


def _kept(outputs: dict[str, Array]) -> dict[str, Array]:
    """All rows of each."""
    return {
        name.removeprefix(READ): value.reshape(-1, value.shape[-1])
        for name, value in outputs.items()
        if name.startswith(READ)
    }
