# ruff: noqa: RUF001 - other scripts are the point, and an unknown token is no password
"""Tokenizers to compare: real files, and made ones with the parts that others publish.

A made one is trained here on a few thousand words, so that its merges are real while its other
parts are those of the family it is named after.
"""

from __future__ import annotations

from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from tests.wheels import charsmap, families
from tests.wheels.interpreter import ROOT

SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"

# What the families' tokenizer.json files have in their Split pre-tokenizers.
PATTERNS = {
    "llama-3": [
        SUFFIX + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES
    ],
    "qwen-2": [SUFFIX + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES],
    "gpt-4o": [
        rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{SUFFIX}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*"
        rf"{SUFFIX}?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*" + SPACES
    ],
    "gpt-4": [
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*"
        r"|\s*[\r\n]|\s+(?!\S)|\s+"
    ],
    "deepseek": [
        r"\p{N}{1,3}",
        "[一-龥぀-ゟ゠-ヿ]+",
        r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
        r"| ?[\p{P}\p{S}]+[\r\n]*" + SPACES,
    ],
    "bloom": [r" ?[^(\s|[.,!?…。，、।۔،])]+"],
    "clip": [r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"],
    "posix": [r"[[:alpha:]]+|[[:digit:]]{1,2}|[[:punct:]]|[[:space:]]+"],
    "oniguruma": [
        r"(?<=\d)(?=(?:\d{3})+\b)|\R|\h{4}|[\w&&[^aeiou]]+|(?<q>['\"]).*?\k<q>|(?i:straße|ǆ|ﬁ|k)|\X"
    ],
    "words": [r"\b\w+\b|\W", r"(?<!\p{Lu})\p{Lu}(?=\p{Ll})", r"(\w)\1+", r"\p{Han}|\p{^Latin}\d"],
}


MADE = [*PATTERNS, *families.MAKERS, "unigram", "precompiled", "normalizers"]


def default() -> Tokenizer:
    """The default model's, the one real tokenizer that is in the repository."""
    return Tokenizer.from_file(str(ROOT / "models" / "default" / "tokenizer.json"))


def real_names(folder: Path) -> list[str]:
    """The tokenizer.json files, relative to their folder."""
    paths = sorted(folder.glob("*/tokenizer*.json"))
    return [str(path.relative_to(folder)) for path in paths if "config" not in path.name]


def real(folder: Path, name: str) -> Tokenizer:
    return Tokenizer.from_file(str(folder / name))


def made(name: str, texts: list[str]) -> Tokenizer:
    """The family's tokenizer, trained on `texts`."""
    if name in families.MAKERS:
        return families.MAKERS[name](texts)
    if name == "unigram":
        return _unigram(normalizers.NFKC(), texts)
    if name == "precompiled":
        return _unigram(normalizers.Precompiled(charsmap.nmt_nfkc(texts)), texts)
    if name == "normalizers":
        return _normalized(texts)
    return _byte_level(PATTERNS[name], texts)


def _byte_level(patterns: list[str], texts: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits, last])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>", "<|im_start|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=1500, initial_alphabet=alphabet, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _unigram(first: normalizers.Normalizer, texts: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([first, normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=1500, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _normalized(texts: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    steps = [
        normalizers.Nmt(),
        normalizers.Replace(Regex(r"\p{Mn}(?=\p{Mn})"), ""),
        normalizers.NFD(),
        normalizers.StripAccents(),
        normalizers.Lowercase(),
        normalizers.NFKC(),
    ]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.UnicodeScripts(), pre_tokenizers.Digits()]
    )
    trainer = trainers.WordPieceTrainer(
        vocab_size=1500, special_tokens=["[UNK]"], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
