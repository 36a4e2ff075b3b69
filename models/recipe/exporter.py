"""Checkpoint to model folder: what `intab convert` makes of it as int8 (docs/convert.md).

A model this small is multiplied as floats, which its int8 weights become while it loads.
"""

from __future__ import annotations

import shutil

from intab.convert.converter import Request, convert
from recipe.settings import Paths

LICENSE = "MIT"
TEXTS = ("tokenizer.json", "tokenizer_config.json", "generation_config.json")


def export(paths: Paths) -> None:
    """Write graph, tokenizer, config and intab.json into `paths.out`."""
    made = paths.build / "export" / paths.out.name
    shutil.rmtree(made, ignore_errors=True)
    for name in TEXTS:
        shutil.copyfile(paths.texts / name, paths.checkpoint / name)
    convert(Request(paths.checkpoint, made, ("q8",), license=LICENSE))
    shutil.copytree(made, paths.out, dirs_exist_ok=True)
