"""The bytes that each token stands for, as the tokenizer's decoder makes text of them.

Joined, the bytes of an answer's tokens are the answer's text. What a decoder does to the first
token of a text alone (a space that it takes away) is in `first`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import pre_tokenizers

from intab.engine.text.tokenizer import Tokenizer, clean_up
from intab.errors import OptionError

_BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")
NONE, NOTHING = -1, -2  # in `first`: no token has that text; the token has none


@dataclass(frozen=True)
class Vocabulary:
    """Attributes:
    tokens: the bytes of each id; none for one that no answer may have.
    special: the ids of special tokens, which no text has.
    first: for each id as the first of an answer, the id of the same text further on, NONE or
        NOTHING; None if it is the same everywhere.
    whole: whether there is a token for each byte, so that any text can be written.
    """

    tokens: list[bytes]
    special: list[int]
    first: NDArray[np.int32] | None
    whole: bool


def make_vocabulary(tokenizer: Tokenizer, size: int) -> Vocabulary:
    """That of a tokenizer, for `size` logits; OptionError if its tokens have no bytes."""
    names = tokenizer.backend.get_vocab(with_added_tokens=True)
    count = max([size, *(number + 1 for number in names.values())])
    decode, decode_first = _decoders(tokenizer)
    tokens = [b""] * count
    for name, number in names.items():
        tokens[number] = decode(name)
    firsts = tokens
    if decode_first is not decode:
        firsts = [b""] * count
        for name, number in names.items():
            firsts[number] = decode_first(name)
    special = [number for number in range(count) if tokenizer.is_special(number)]
    same = firsts is tokens  # then single bytes are all that is looked up
    usual = {t: number for number, t in enumerate(tokens) if t and (len(t) == 1 or not same)}
    for number in special:
        usual.pop(tokens[number], None)
    first = None
    if firsts != tokens:
        first = np.array([_same(usual, *pair) for pair in zip(tokens, firsts, strict=True)])
        first = first.astype(np.int32)
    whole = all(bytes([value]) in usual for value in range(0x80))
    return Vocabulary(tokens, special, first, whole)


def _same(usual: Mapping[bytes, int], token: bytes, first: bytes) -> int:
    if not token:
        return NONE
    return usual.get(first, NONE) if first else NOTHING


class _Piece:
    """A token on its way through the decoder's steps; `is_first`: of a text."""

    def __init__(self, name: str, is_first: bool) -> None:
        self.text = name
        self.bytes: bytes | None = None
        self.is_first = is_first
        self.fused = False

    def encoded(self) -> bytes:
        return self.text.encode(errors="ignore") if self.bytes is None else self.bytes


def _decoders(tokenizer: Tokenizer) -> Any:
    backend = tokenizer.backend.decoder
    state = json.loads(backend.__getstate__()) if backend is not None else {"type": "Spaces"}
    steps = _flat(state)
    _check(tokenizer, [step["type"] for step in steps])
    cleans = tokenizer._cleans_up
    if not cleans and [step["type"] for step in steps] == ["ByteLevel"]:
        return byte_level, byte_level  # most models; some have 150,000 tokens

    def decode(name: str, is_first: bool = False) -> bytes:
        piece = _Piece(name, is_first)
        for step in steps:
            _STEPS[step["type"]](piece, step)
        if not cleans:
            return piece.encoded()
        # Whether an apostrophe is joined to what is before it depends on what comes after it.
        return b"" if "'" in piece.text else clean_up(piece.text).encode()

    return decode, lambda name: decode(name, True)


def _flat(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if state["type"] != "Sequence":
        return [state]
    return [step for inner in state["decoders"] for step in _flat(inner)]


def _check(tokenizer: Tokenizer, kinds: Sequence[str]) -> None:
    unknown = [kind for kind in kinds if kind not in _STEPS]
    if unknown:
        raise OptionError(
            f"This model's tokenizer decodes by {unknown[0]}, whose tokens have no bytes of their "
            "own: its answers cannot be held to a schema, an expression, choices or a grammar."
        )
    if tokenizer._cleans_up and "WordPiece" not in kinds:
        raise OptionError(
            "This model's tokenizer_config.json asks for clean_up_tokenization_spaces, which "
            "changes texts after they are written: set it to false to hold answers to a grammar."
        )


def _alphabet() -> dict[str, int]:
    """The byte that each character of a byte-level vocabulary stands for: those that are printable
    for themselves, the others in their order from U+0100 on, as GPT-2 has it."""
    alphabet = set(pre_tokenizers.ByteLevel.alphabet())
    plain = {chr(value): value for value in range(256) if chr(value) in alphabet}
    others = [value for value in range(256) if chr(value) not in alphabet]
    return plain | {chr(256 + at): value for at, value in enumerate(others)}


# Characters below U+0100 that stand for no byte become one that is none in Latin-1.
_BYTES = dict.fromkeys(range(256), 256)
_BYTES |= {ord(character): value for character, value in _alphabet().items()}


def byte_level(name: str) -> bytes:
    """The bytes of a token of a byte-level vocabulary; a name in other characters is its own."""
    try:
        return name.translate(_BYTES).encode("latin-1")
    except UnicodeEncodeError:
        return name.encode()


def _byte_level(piece: _Piece, step: Mapping[str, Any]) -> None:  # noqa: ARG001
    piece.bytes = byte_level(piece.text)


def _byte_fallback(piece: _Piece, step: Mapping[str, Any]) -> None:  # noqa: ARG001
    if found := _BYTE.fullmatch(piece.text):
        piece.bytes = bytes([int(found[1], 16)])


def _replace(piece: _Piece, step: Mapping[str, Any]) -> None:
    pattern = step["pattern"].get("String")
    if pattern is None:
        raise OptionError(
            "This model's tokenizer decodes by a regular expression, so its tokens have no bytes "
            "of their own: its answers cannot be held to a grammar."
        )
    piece.text = piece.text.replace(pattern, step["content"])


def _fuse(piece: _Piece, step: Mapping[str, Any]) -> None:  # noqa: ARG001
    piece.fused = True


def _strip(piece: _Piece, step: Mapping[str, Any]) -> None:
    if piece.fused and not piece.is_first:
        return
    if piece.bytes is not None and piece.fused:
        piece.bytes = piece.bytes.removeprefix(step["content"].encode() * bool(step["start"]))
    for _ in range(step["start"]):
        piece.text = piece.text.removeprefix(step["content"])
    for _ in range(0 if piece.fused else step["stop"]):
        piece.text = piece.text.removesuffix(step["content"])


def _metaspace(piece: _Piece, step: Mapping[str, Any]) -> None:
    taken = piece.is_first and step.get("prepend_scheme", "always") != "never"
    piece.text = piece.text.replace(step["replacement"], "" if taken else " ")


def _word_piece(piece: _Piece, step: Mapping[str, Any]) -> None:
    if not piece.is_first:
        inside = piece.text.startswith(step["prefix"])
        piece.text = piece.text.replace(step["prefix"], "", 1) if inside else f" {piece.text}"
    if step["cleanup"]:
        piece.text = clean_up(piece.text)


def _spaces(piece: _Piece, step: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Without a decoder tokens are joined by spaces."""
    piece.text = piece.text if piece.is_first else f" {piece.text}"


_STEPS = {
    "ByteLevel": _byte_level,
    "ByteFallback": _byte_fallback,
    "Replace": _replace,
    "Fuse": _fuse,
    "Strip": _strip,
    "Metaspace": _metaspace,
    "WordPiece": _word_piece,
    "Spaces": _spaces,
}
