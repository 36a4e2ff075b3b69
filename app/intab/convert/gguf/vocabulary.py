"""The vocabulary of a GGUF file: tokens with scores and types, and which of them mean something.

vocabulary = read_vocabulary(keys)
vocabulary.ends()          # ids that end an answer: [1, 106]
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from intab.convert.gguf.keys import Keys
from intab.errors import ConvertError

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
PIECES, BYTE_LEVEL = "llama", "gpt2"  # tokenizer.ggml.model
# Tokens that end an answer whatever a file says of them, as llama.cpp knows them by their text.
ENDS = (
    *("<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>"),
    *("<|endoftext|>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>"),
    *("<end_of_utterance>", "<｜end▁of▁sentence｜>"),  # noqa: RUF001 - DeepSeek's own
)
_IDS = {
    "bos_token": "bos_token_id",
    "eos_token": "eos_token_id",
    "unk_token": "unknown_token_id",
    "pad_token": "padding_token_id",
    "sep_token": "seperator_token_id",  # spelled so in the format
    "mask_token": "mask_token_id",
}
_ENDING = ("eos_token_id", "eot_token_id", "eom_token_id")
_OF_PIECES = {"bos_token": 1, "eos_token": 2, "unk_token": 0}  # if a file does not say it


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id; `named` are ids by transformers' names of special tokens."""

    path: Path
    model: str
    tokens: tuple[str, ...]
    kinds: tuple[int, ...]
    scores: tuple[float, ...]
    merges: tuple[str, ...]
    named: dict[str, int]
    ending: tuple[int, ...]

    def ends(self) -> list[int]:
        """The ids that end an answer: those that the file names, then those known by their text."""
        known = {text: number for number, text in enumerate(self.tokens)}
        found = [*self.ending, *(known[text] for text in ENDS if text in known)]
        texts = {self.tokens[number] for number in found}
        if {"<|return|>", "<|call|>", "<|end|>"} <= texts:  # there it ends a part of an answer
            found = [number for number in found if self.tokens[number] != "<|end|>"]
        return list(dict.fromkeys(found))

    def is_special(self, number: int) -> bool:
        """Whether a token is no text: left out of an answer's text."""
        return self.kinds[number] in (CONTROL, UNKNOWN)


def read_vocabulary(keys: Keys) -> Vocabulary:
    """The vocabulary; ConvertError for a kind of tokenizer that no tokenizer.json is made for."""
    model = keys.text("tokenizer.ggml.model")
    if model not in (PIECES, BYTE_LEVEL):
        raise ConvertError(
            f"{keys.path} has a tokenizer of the kind {model or 'none'!r}, which cannot be made "
            f"into tokenizer.json; these can: {PIECES}, {BYTE_LEVEL}."
        )
    tokens = keys.items("tokenizer.ggml.tokens", str)
    if not tokens:
        raise ConvertError(f"{keys.path} has no vocabulary (tokenizer.ggml.tokens).")
    tokens = [text or f"[EMPTY_{number}]" for number, text in enumerate(tokens)]
    twice = _twice(tokens)
    if twice is not None:
        raise ConvertError(
            f"{keys.path} has the token {tokens[twice]!r} twice, which tokenizer.json cannot have."
        )
    count = len(tokens)
    kinds = _column(keys, "token_type", int, count) or [NORMAL] * count
    scores = _column(keys, "scores", (float, int), count)
    if scores is None and model == PIECES:
        raise ConvertError(f"{keys.path} has no scores of its tokens, by which they are merged.")
    merges = keys.items("tokenizer.ggml.merges", str)
    if merges is None and model == BYTE_LEVEL:
        raise ConvertError(f"{keys.path} has no merges of its tokens (tokenizer.ggml.merges).")
    named = {
        name: _id(keys, key, count, name if model == PIECES else "") for name, key in _IDS.items()
    }
    ending = (_id(keys, key, count) for key in _ENDING)
    found = Vocabulary(
        keys.path,
        model,
        tuple(tokens),
        tuple(kinds),
        tuple(scores or ()),
        tuple(merges or ()),
        {name: number for name, number in named.items() if number is not None},
        tuple(number for number in ending if number is not None),
    )
    return _with_ends(found)


def _with_ends(found: Vocabulary) -> Vocabulary:
    """Tokens that end an answer are special whatever their type says."""
    kinds = list(found.kinds)
    for number in found.ends():
        kinds[number] = CONTROL
    return replace(found, kinds=tuple(kinds))


def _twice(tokens: list[str]) -> int | None:
    seen: set[str] = set()
    for number, text in enumerate(tokens):
        if text in seen:
            return number
        seen.add(text)
    return None


def _column(keys: Keys, name: str, kind: type | tuple[type, ...], count: int) -> list[Any] | None:
    found = keys.items(f"tokenizer.ggml.{name}", kind)
    if found is not None and len(found) < count:
        raise keys.wrong(f"tokenizer.ggml.{name}", f"a list of {count:,}")
    return found if found is None else found[:count]


def _id(keys: Keys, name: str, count: int, default: str = "") -> int | None:
    """A token's id, None if the file names none that is in the vocabulary."""
    value = keys.get(f"tokenizer.ggml.{name}")
    if value is not None and type(value) is not int:
        raise keys.wrong(f"tokenizer.ggml.{name}", "a token's id")
    if value is None or not 0 <= value < count:
        value = _OF_PIECES.get(default)
    return value if value is not None and value < count else None
