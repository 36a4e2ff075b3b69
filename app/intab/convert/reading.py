"""What a model folder has beside its graphs: config, tokenizer, templates."""

from __future__ import annotations

import shutil
from pathlib import Path

from intab.convert.checkpoint import read_json
from intab.engine.hub.manifest import is_text_file
from intab.engine.loading.model_files import make_tokenizer
from intab.engine.model_config import ModelConfig
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import ConvertError, ManifestError

_DECLARING = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


def read_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer, as `intab.load` makes it; ConvertError where there is none that can
    be used."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ConvertError(
            f"{folder} has no tokenizer.json: save the tokenizer with "
            "AutoTokenizer.from_pretrained(...).save_pretrained(...) first."
        )
    there = [name for name in ("tokenizer.json", *_DECLARING) if (folder / name).is_file()]
    try:
        texts = {name: (folder / name).read_text(encoding="utf-8-sig") for name in there}
        return make_tokenizer(texts, ModelConfig.of_the_writer(read_json(folder, "config.json")))
    except (ManifestError, OSError, UnicodeDecodeError) as exc:
        raise ConvertError(f"The tokenizer in {folder} cannot be used. {exc}") from exc


def check_vocabulary(tokenizer: Tokenizer, vocabulary: int) -> None:
    """ConvertError unless a model with so many ids knows every token; added ones may be of a
    larger model, and never asked for."""
    tokens = tokenizer.learnt
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
