"""What a model folder has beside its graphs: config, tokenizer, templates."""

from __future__ import annotations

import shutil
from pathlib import Path

from tokenizers import Tokenizer

from intab.engine.manifest import is_text_file
from intab.errors import ConvertError


def read_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer; ConvertError where there is none that can be used."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ConvertError(
            f"{folder} has no tokenizer.json: save the tokenizer with "
            "AutoTokenizer.from_pretrained(...).save_pretrained(...) first."
        )
    try:
        return Tokenizer.from_file(str(path))
    except Exception as exc:  # tokenizers raises Exception itself
        raise ConvertError(f"{path} cannot be read ({exc}): fetch it again.") from exc


def copy_texts(source: Path, target: Path) -> None:
    """Config, tokenizer and templates, as they are."""
    names = (path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    for name in names:
        if name in ("config.json", "tokenizer.json") or is_text_file(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
