"""Texts become the characters that VITS speaks, with a blank before, between and after them.

    letters = Characters.of(texts)
    letters.encode("Hi!")      # [0, 12, 0, 7, 0]

The rules are those of VitsTokenizer in transformers 5.24, which has no tokenizer.json; what
Transformers.js writes as one only it reads, and has the vocabulary in it.
https://github.com/huggingface/transformers/blob/main/src/transformers/models/vits/tokenization_vits.py
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intab.engine.text.assets import Texts
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import EmptyPromptError, ManifestError, PromptError, UnsupportedModelError

TOKENIZER = "VitsTokenizer"
BLANK = 0
_SETTINGS = "tokenizer_config.json"
_NAMED = {"pad_token": "<pad>", "unk_token": "<unk>"}


@dataclass(frozen=True)
class Characters:
    """A vocabulary of characters, and what tokenizer_config.json says of texts.

    vocabulary: ids in the order in which transformers writes vocab.json.
    added: the tokens that are found in a text before its characters are, such as the padding.
    """

    vocabulary: Mapping[str, int]
    added: Mapping[str, int]
    unknown: int
    language: str | None = None
    add_blank: bool = True
    normalize: bool = True
    is_uroman: bool = False

    @classmethod
    def of(cls, texts: Texts) -> Characters:
        """Those of a folder; ManifestError if there is no vocabulary, UnsupportedModelError if
        another program must make sounds of its texts first."""
        settings, tokenizer = texts.tokenizer_config, texts.tokenizer
        found = tokenizer.backend.get_vocab(with_added_tokens=False)
        if not found:
            raise ManifestError(
                "The folder has no vocab.json, which has the characters that the model speaks: put "
                "it beside config.json."
            )
        _check_kind(settings)
        vocabulary = {token: found[token] for token in sorted(found)}
        named = {**_NAMED, **tokenizer.special_tokens_map}
        added = _added(tokenizer, vocabulary, named)
        language = settings.get("language")
        return cls(
            vocabulary,
            added,
            added.get(named["unk_token"], len(vocabulary)),
            language if isinstance(language, str) else None,
            _flag(settings, "add_blank", default=True),
            _flag(settings, "normalize", default=True),
            _flag(settings, "is_uroman", default=False),
        )

    def encode(self, text: str, normalize: bool | None = None) -> list[int]:
        """The ids of a text. EmptyPromptError if nothing of it is in the vocabulary; PromptError
        if it must be written in Latin letters first, or a character has no id."""
        prepared = self.prepare(text, self.normalize if normalize is None else normalize)
        ids: list[int] = []
        for piece in re.split(self._borders, prepared) if self.added else [prepared]:
            ids += [self.added[piece]] if piece in self.added else self._ids(piece)
        if not ids:
            raise EmptyPromptError(
                f"Nothing of the text is in the model's vocabulary ({self._some}): write it in "
                "these characters, numbers as words."
            )
        return ids

    def prepare(self, text: str, normalize: bool) -> str:
        """The text as it is spoken: in lower case, without what the vocabulary lacks."""
        text = self._lower(text) if normalize else text
        text = text.replace("ț", "ţ") if self.language == "ron" else text
        if self.is_uroman and not text.isascii():
            raise PromptError(
                "The model reads Latin letters (is_uroman in tokenizer_config.json), and the text "
                "has others: romanise it first, as the Python package uroman does."
            )
        if not normalize:
            return text
        return "".join(char for char in text if char in self.vocabulary).strip()

    def _lower(self, text: str) -> str:
        """What is in the vocabulary stays as it is written there."""
        words = "|".join(re.escape(word) for word in (*self.vocabulary, *self.added) if word)
        return re.sub(
            f"({words})|.", lambda found: found[1] or found[0].lower(), text, flags=re.DOTALL
        )

    @property
    def _borders(self) -> str:
        longest = sorted(self.added, key=len, reverse=True)
        return "(" + "|".join(map(re.escape, longest)) + ")"

    @property
    def _some(self) -> str:
        return "".join(token for token in self.vocabulary if len(token) == 1)[:60]

    def _ids(self, piece: str) -> list[int]:
        ids = [self.vocabulary.get(char, self.unknown) for char in piece]
        if not self.add_blank or not ids:
            return ids
        between = [BLANK] * (2 * len(ids) + 1)
        between[1::2] = ids
        return between


def _added(
    tokenizer: Tokenizer, vocabulary: Mapping[str, int], named: Mapping[str, str]
) -> dict[str, int]:
    declared = sorted(tokenizer.backend.get_added_tokens_decoder().items())
    added = {token.content: number for number, token in declared}
    for token in named.values():
        if token and token not in added:
            added[token] = vocabulary.get(token, len({*vocabulary, *added}))
    return added


def _check_kind(settings: Mapping[str, Any]) -> None:
    name = settings.get("tokenizer_class") or TOKENIZER
    if name != TOKENIZER:
        raise UnsupportedModelError(
            f"The model's texts are read by {name}, which intab does not have for speaking: it has "
            f"{TOKENIZER}."
        )
    if _flag(settings, "phonemize", default=True):
        raise UnsupportedModelError(
            "The model speaks phonemes, which espeak makes of texts and intab does not: set "
            f'"phonemize" to false in {_SETTINGS} and pass phonemes as the text, or choose a model '
            "that reads characters, such as those of MMS."
        )


def _flag(settings: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = settings.get(name, default)
    if not isinstance(value, bool):
        raise ManifestError(f"{_SETTINGS} is not valid: {name} must be true or false.")
    return value
