"""Which GGUF file a path names: a file, or the one model of a folder. Nothing is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from intab.errors import ConvertError

ENDING = ".gguf"
PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf", re.IGNORECASE | re.DOTALL)


def is_gguf(path: Path) -> bool:
    """Whether a name is that of a GGUF file."""
    return path.name.lower().endswith(ENDING)


def find_model(path: Path) -> Path | None:
    """The GGUF file that a path names: itself, or the one model of a folder that holds no other
    checkpoint; None for a folder of another kind. ConvertError where a folder has several."""
    if not path.is_dir():
        return path if is_gguf(path) else None
    names = sorted(one.name for one in path.iterdir() if one.is_file())
    files = [name for name in names if name.lower().endswith(ENDING)]
    if not files or "config.json" in names or any(n.endswith(".safetensors") for n in names):
        return None
    models = first_parts(name for name in files if not name.lower().startswith("mmproj"))
    if len(models) == 1:
        return path / models[0]
    listed = ", ".join(models[:8]) or ", ".join(files[:8])
    raise ConvertError(f"{path} has {len(models)} models in GGUF files ({listed}): name one file.")


def first_parts(names: Iterable[str]) -> list[str]:
    """Of the names of files one for each model: those of further parts are left out."""
    found: dict[str, str] = {}
    for name in names:
        part = PART.fullmatch(name)
        found.setdefault(f"{part[1]}-of-{part[3]}" if part else name, name)
    return list(found.values())
