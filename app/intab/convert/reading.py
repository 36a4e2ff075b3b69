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
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as exc:  # tokenizers raises Exception itself
        raise ConvertError(f"{path} cannot be read ({exc}): fetch it again.") from exc
    tokenizer.no_truncation()  # as it may have been saved while a model was trained
    tokenizer.no_padding()
    return tokenizer


def check_vocabulary(tokenizer: Tokenizer, vocabulary: int) -> None:
    """ConvertError unless a model with so many ids knows every token; added ones may be of a
    larger model, and never asked for."""
    tokens = tokenizer.get_vocab_size(with_added_tokens=False)
    if tokens > vocabulary:
        raise ConvertError(
            f"tokenizer.json has {tokens:,} tokens, the model {vocabulary:,}: they belong to "
            "different models."
        )


def copy_texts(source: Path, target: Path) -> None:
    """Config, tokenizer and templates, as they are."""
    names = (path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    for name in names:
        if name in ("config.json", "tokenizer.json") or is_text_file(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
