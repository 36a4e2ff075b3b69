"""Prompts as ids of CLIP's tokenizer, each padded to what the text encoder takes, or cut to it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.io.small_files import parse_object
from intab.engine.tasks.text_inputs import check_text
from intab.engine.text import clip
from intab.engine.text.special_tokens import TokenFiles
from intab.engine.text.tokenizer import Cut, Tokenizer
from intab.errors import ManifestError

_FOLDER = "tokenizer/"
_FORMS = ("tokenizer.json", "vocab.json", "merges.txt")
_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
TOKENIZER = tuple(f"{_FOLDER}{name}" for name in (*_FORMS, *_SETTINGS))
_MOST = 77  # tokens of CLIP
_HUGE = 10**9  # tokenizers without a limit say 1e30


class Prompts:
    """The tokenizer of a folder's files, with the most tokens that its text encoder takes."""

    def __init__(self, texts: Mapping[str, str], most: int | None = None) -> None:
        settings = [_read(texts, name) for name in _SETTINGS]
        class_name = {"tokenizer_class": "CLIPTokenizer", **settings[0]}
        self.tokenizer = Tokenizer(_json(texts), TokenFiles(class_name, *settings[1:]))
        told = settings[0].get("model_max_length")
        known = isinstance(told, int) and 2 <= told < _HUGE
        self.most: int = min(int(told or 0) if known else _MOST, most or _HUGE)

    def ids(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """int64 [texts, tokens], all of the most tokens there are; a warning says what was cut
        off."""
        pad = self.tokenizer.special_id("pad_token")
        pad = self.tokenizer.token_id(clip.END) if pad is None else pad
        found = np.full((len(texts), self.most), pad or 0, np.int64)
        for row, text in zip(found, texts, strict=True):
            kept, *rest = self.tokenizer.windows(check_text(text), cut=Cut(self.most))
            row[: len(kept.ids)] = kept.ids
            if rest:
                self._tell([token for window in rest for token in window.ids])
        return found

    def _tell(self, ids: list[int]) -> None:
        removed = self.tokenizer.decode(ids).replace("</w>", " ").strip()
        warnings.warn(
            "The following part of your input was truncated because CLIP can only handle sequences "
            f"up to {self.most} tokens: {removed!r}",
            stacklevel=6,
        )


def _json(texts: Mapping[str, str]) -> str:
    names = TOKENIZER[: len(_FORMS)]
    whole, vocabulary, merges = (texts.get(name) for name in names)
    if whole is not None:
        return whole
    if vocabulary is None or merges is None:
        missing = names[1] if vocabulary is None else names[2]
        raise ManifestError(
            f"The folder has neither {names[0]} nor {missing}: copy the folder tokenizer/ from the "
            "model's checkpoint."
        )
    return clip.of_merges(parse_object(vocabulary, names[1]), merges)


def _read(texts: Mapping[str, str], name: str) -> dict[str, Any]:
    path = f"{_FOLDER}{name}"
    return parse_object(texts[path], path) if path in texts else {}
