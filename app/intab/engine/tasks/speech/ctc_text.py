"""Ids of a CTC model, one for each moment, become text, and times of letters and words.

Runs of one token are one letter, the padding token stands between letters, "|" is the space.
The rules are those of Wav2Vec2CTCTokenizer:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/wav2vec2/tokenization_wav2vec2.py
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from intab.engine.text.assets import Texts
from intab.engine.text.tokenizer import clean_up


@dataclass(frozen=True)
class Letter:
    """A letter or a word, and the moments from its first to behind its last."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Letters:
    """A model's tokens, and what its tokenizer_config.json says of them."""

    tokens: dict[int, str]
    blank: str = "<pad>"
    unknown: str = "<unk>"
    delimiter: str = "|"
    space: str = " "
    lowers: bool = False
    cleans_up: bool = False

    @classmethod
    def of(cls, texts: Texts) -> Letters:
        """Those of a folder."""
        settings, named = texts.tokenizer_config, texts.tokenizer.special_tokens_map
        tokens = {number: word for word, number in texts.tokenizer.vocabulary().items()}
        delimiter, space = (
            settings.get(name) for name in ("word_delimiter_token", "replace_word_delimiter_char")
        )
        return cls(
            tokens,
            named.get("pad_token", cls.blank),
            named.get("unk_token", cls.unknown),
            delimiter if isinstance(delimiter, str) else cls.delimiter,
            space if isinstance(space, str) else cls.space,
            settings.get("do_lower_case") is True,
            settings.get("clean_up_tokenization_spaces") is True,
        )

    def letters(self, ids: Iterable[int]) -> list[Letter]:
        """The letters of all moments."""
        found, start = [], 0
        for token, run in groupby(self.tokens.get(number, self.unknown) for number in ids):
            end = start + sum(1 for _ in run)
            if token != self.blank:
                text = self.space if token == self.delimiter else token
                found.append(Letter(text, start, end))
            start = end
        return found

    def text(self, letters: Sequence[Letter]) -> str:
        """What they say."""
        text = "".join(letter.text for letter in letters).strip()
        text = text.lower() if self.lowers else text
        return clean_up(text) if self.cleans_up else text

    def words(self, letters: Sequence[Letter]) -> list[Letter]:
        """Words, each of the letters between two spaces."""
        runs = groupby(letters, key=lambda letter: letter.text == self.space)
        words = [list(run) for between, run in runs if not between]
        return [
            Letter("".join(one.text for one in word), word[0].start, word[-1].end) for word in words
        ]
