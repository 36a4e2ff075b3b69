"""SentencePiece's own normalization table, as T5's and XLM-R's tokenizer.json files carry it.

It is inside every model that sentencepiece trains; the protobuf around it is read by hand:
ModelProto.normalizer_spec is field 3, NormalizerSpec.precompiled_charsmap field 2.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import sentencepiece

LENGTHS = {1: 8, 5: 4}  # protobuf wire types of a fixed size


def nmt_nfkc(lines: list[str]) -> bytes:
    """The table of the rule that those models use."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=500,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        minloglevel=2,
    )
    normalizer = dict(_fields(model.getvalue()))[3]
    return dict(_fields(normalizer))[2]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        length = LENGTHS.get(key & 7, 0)
        if key & 7 == 2:
            length, at = _number(message, at)
        elif key & 7 == 0:
            _, at = _number(message, at)
        yield key >> 3, message[at : at + length]
        at += length


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A varint and the place after it.

    >>> _number(bytes([0xAC, 0x02]), 0)
    (300, 2)
    """
    value = shift = 0
    while message[at] >= 128:
        value |= (message[at] & 127) << shift
        shift, at = shift + 7, at + 1
    return value | message[at] << shift, at + 1
