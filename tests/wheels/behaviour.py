# ruff: noqa: RUF001 - other scripts are the point, and an unknown token is no password
"""What a tokenizer does besides encoding, as plain data: runs in CPython and in Pyodide."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from tokenizers.decoders import DecodeStream

LINES = [
    "The quick brown fox jumps over the lazy dog.",
    "Beautiful is better than ugly; 12345 foxes, 67 dogs!",
    "Füchse und Wölfe jagen über Straßen. Лиса бежит. 狐狸跑得快。🦊🐶",
] * 20


def digest(value: object) -> str:
    return hashlib.blake2b(repr(value).encode(), digest_size=12).hexdigest()


def _trainer(kind: str) -> trainers.Trainer:
    shared: dict[str, Any] = {
        "vocab_size": 300,
        "show_progress": False,
        "special_tokens": ["<unk>", "<pad>"],
    }
    made: dict[str, Callable[[], trainers.Trainer]] = {
        "bpe": lambda: trainers.BpeTrainer(**shared),
        "wordpiece": lambda: trainers.WordPieceTrainer(**shared),
        "wordlevel": lambda: trainers.WordLevelTrainer(**shared),
        "unigram": lambda: trainers.UnigramTrainer(**shared, unk_token="<unk>"),
    }
    return made[kind]()


MODELS: dict[str, Callable[[], models.Model]] = {
    "bpe": lambda: models.BPE(unk_token="<unk>"),
    "wordpiece": lambda: models.WordPiece(unk_token="<unk>"),
    "wordlevel": lambda: models.WordLevel(unk_token="<unk>"),
    "unigram": lambda: models.Unigram(),
}


def trained(kind: str) -> Tokenizer:
    """A tokenizer with every kind of part, trained on the lines above."""
    tokenizer = Tokenizer(MODELS[kind]())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    split = pre_tokenizers.Split(Regex(r"\p{N}{1,3}|\w+|[^\w\s]+"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), split])
    tokenizer.train_from_iterator(iter(LINES), _trainer(kind), length=len(LINES))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<pad> $A", pair="<pad> $A <unk> $B:1", special_tokens=[("<unk>", 0), ("<pad>", 1)]
    )
    tokenizer.decoder = decoders.WordPiece() if kind == "wordpiece" else decoders.Fuse()
    return tokenizer


def train(kind: str) -> object:
    """What training gives, as far as upstream itself gives the same twice.

    The order of equal scores is not fixed in Unigram, nor are ties between merges in WordPiece.
    """
    tokenizer = trained(kind)
    if kind == "wordpiece":
        return tokenizer.get_vocab_size()
    if kind == "unigram":
        vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
        return digest(sorted((token, round(score, 6)) for token, score in vocabulary))
    return digest(tokenizer.to_str())


def batch(tokenizer: Tokenizer) -> object:
    """Batches, padded and truncated, in pairs, fast and not."""
    tokenizer.enable_truncation(12, stride=3, strategy="longest_first")
    tokenizer.enable_padding(direction="left", pad_id=1, pad_token="<pad>", pad_to_multiple_of=8)
    pairs = list(pairwise(LINES[:6]))
    fast = [encoding.ids for encoding in tokenizer.encode_batch_fast(LINES[:5])]
    slow = tokenizer.encode_batch(pairs)
    return [fast, [(one.ids, one.offsets, one.attention_mask, one.type_ids) for one in slow]]


def streams(tokenizer: Tokenizer) -> object:
    """Decoding token by token, and all at once."""
    ids = tokenizer.encode(LINES[2]).ids
    stream = DecodeStream(skip_special_tokens=True)
    return [
        [stream.step(tokenizer, token) for token in ids],
        tokenizer.decode_batch([ids, ids[2:]]),
    ]


def added(tokenizer: Tokenizer) -> object:
    """Added tokens of each kind, and what they do to words around them."""
    tokenizer.add_tokens([AddedToken("fox", single_word=True), AddedToken("<A>", lstrip=True)])
    tokenizer.add_special_tokens([AddedToken("<B>", rstrip=True, normalized=False)])
    encoding = tokenizer.encode("foxes fox <A> a  <B>  <b> <pad>")
    return [encoding.tokens, encoding.offsets, encoding.special_tokens_mask]


def copies(tokenizer: Tokenizer) -> object:
    """Through JSON, pickle and copy: the same tokenizer."""
    again = [
        Tokenizer.from_str(tokenizer.to_str(pretty=True)),
        Tokenizer.from_buffer(tokenizer.to_str().encode()),
        pickle.loads(pickle.dumps(tokenizer)),  # noqa: S301 - just pickled
        copy.deepcopy(tokenizer),
    ]
    return [one.to_str() == tokenizer.to_str() for one in again]


def normalized(_: Tokenizer) -> object:
    """Every normalizer there is, on the same line."""
    line = "  Héllo ﬁﬃ \u0130stanbul ½ Ǆ\u0327\u0307 \u200bＦＵＬＬ\u3000狐ｶﾞ\u00ad ẞ \x07"
    every = [
        normalizers.BertNormalizer(),
        normalizers.NFC(),
        normalizers.NFD(),
        normalizers.NFKC(),
        normalizers.NFKD(),
        normalizers.Nmt(),
        normalizers.Lowercase(),
        normalizers.Strip(),
        normalizers.StripAccents(),
        normalizers.Prepend("▁"),
        normalizers.ByteLevel(),
        normalizers.Replace(Regex(r"\s+"), "_"),
    ]
    return [ascii(normalizer.normalize_str(line)) for normalizer in every]


CHECKS: list[Callable[[Tokenizer], object]] = [batch, streams, added, copies, normalized]


def observe(check: str, tokenizer: str) -> object:
    """Run one of the checks by name, on a tokenizer.json."""
    chosen = next(one for one in CHECKS if one.__name__ == check)
    return chosen(Tokenizer.from_str(tokenizer))
