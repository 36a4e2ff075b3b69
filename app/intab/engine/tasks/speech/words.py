"""Tokens become words with their times: split at spaces and punctuation, which joins its word.

As `_combine_tokens_into_words` of transformers' Whisper tokenizer, which is OpenAI's:
https://github.com/openai/whisper/blob/main/whisper/tokenizer.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from intab.engine.tasks.speech.languages import WITHOUT_SPACES

_BEFORE = "\"'“¡¿([{-"
_BEHIND = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001  # Chinese and Japanese ones too
_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_HALF = "\ufffd"  # what stands for a part of a character

Decode = Callable[[Sequence[int]], str]


@dataclass
class Word:
    """A word, and the places of its tokens."""

    text: str = ""
    places: list[int] = field(default_factory=list)

    def take(self, other: Word, *, front: bool = False) -> None:
        """Make one of both, and leave the other one empty."""
        first, second = (other, self) if front else (self, other)
        self.text, self.places = first.text + second.text, first.places + second.places
        other.text, other.places = "", []


def words_of(
    tokens: Sequence[int], language: str | None, decode: Decode, special: int
) -> list[Word]:
    """The words of tokens; `special`: from that id on tokens are none of text."""
    found = _characters(tokens, decode)
    if (language or "english") not in WITHOUT_SPACES:
        found = _at_spaces(found, tokens, special)
    _join_punctuation(found)
    return [word for word in found if word.text]


def _characters(tokens: Sequence[int], decode: Decode) -> list[Word]:
    """As few tokens together as are whole characters."""
    whole, offset = decode(tokens), 0
    found: list[Word] = []
    current: list[int] = []
    for place in range(len(tokens)):
        current.append(place)
        text = decode([tokens[each] for each in current])
        at = offset + text.find(_HALF)
        if _HALF not in text or at >= len(whole) or whole[at] == _HALF:
            found.append(Word(text, current))
            current = []
            offset += len(text)
    return found


def _at_spaces(parts: Sequence[Word], tokens: Sequence[int], special: int) -> list[Word]:
    found: list[Word] = []
    for part in parts:
        alone = tokens[part.places[0]] >= special or part.text.strip() in _PUNCTUATION
        if alone or part.text.startswith(" ") or not found:
            found.append(Word(part.text, list(part.places)))
        else:
            found[-1].take(part)
    return found


def _join_punctuation(words: Sequence[Word]) -> None:
    behind = len(words) - 1
    for at in range(len(words) - 2, -1, -1):
        if words[at].text.startswith(" ") and words[at].text.strip() in _BEFORE:
            words[behind].take(words[at], front=True)
        else:
            behind = at
    before = 0
    for at in range(1, len(words)):
        if not words[before].text.endswith(" ") and words[at].text in _BEHIND:
            words[before].take(words[at])
        else:
            before = at
