"""Tokenizers put together as whole families are: BERT, GPT-2, GPT-NeoX, Phi-3, SmolLM, Command R.

The parts, their order and the kinds of added tokens are those of the families' files; vocabulary
and merges are trained on the given texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

SIZE = 1500
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def bert(texts: Iterable[str]) -> Tokenizer:
    """Lower case without accents, words and their parts between [CLS] and [SEP]."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=SIZE, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def gpt_2(texts: Iterable[str]) -> Tokenizer:
    """ByteLevel with its own pattern, offsets untrimmed."""
    tokenizer = _bytes(texts, pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def gpt_neox(texts: Iterable[str]) -> Tokenizer:
    """NFC first; runs of spaces are added tokens."""
    tokenizer = Tokenizer.from_str(gpt_2(texts).to_str())
    tokenizer.normalizer = normalizers.NFC()
    spaces = [AddedToken(" " * count, normalized=True) for count in range(24, 1, -1)]
    tokenizer.add_tokens(spaces)
    return tokenizer


def smollm(texts: Iterable[str]) -> Tokenizer:
    """Each digit by itself, then ByteLevel; ChatML's tokens."""
    steps = [
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>"]
    return _bytes(texts, pre_tokenizers.Sequence(steps), special)


def command_r(texts: Iterable[str]) -> Tokenizer:
    """NFC and digits; a first token; added tokens that take spaces or want whole words."""
    tokenizer = Tokenizer.from_str(smollm(texts).to_str())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(["<BOS_TOKEN>", AddedToken("<|END|>", lstrip=True, rstrip=True)])
    tokenizer.add_tokens([AddedToken("hello", single_word=True), AddedToken("é", normalized=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<BOS_TOKEN>:0 $A:0",
        pair="<BOS_TOKEN>:0 $A:0 $B:1",
        special_tokens=[("<BOS_TOKEN>", tokenizer.token_to_id("<BOS_TOKEN>"))],
    )
    return tokenizer


def phi_3(texts: Iterable[str]) -> Tokenizer:
    """As SentencePiece writes BPE: ▁ for a space, and bytes for what has no token."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(vocab_size=SIZE, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator((text[:200] for text in texts), trainer)
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    vocabulary: dict[str, int] = content["model"]["vocab"]
    vocabulary.update({token: len(vocabulary) + at for at, token in enumerate(BYTES)})
    content["model"]["byte_fallback"] = True
    tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.add_special_tokens([AddedToken("<|user|>", rstrip=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)])
    return tokenizer


def _bytes(
    texts: Iterable[str], split: pre_tokenizers.PreTokenizer, special: list[str]
) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=special,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


MAKERS: dict[str, Callable[[Iterable[str]], Tokenizer]] = {
    "bert": bert,
    "gpt-2": gpt_2,
    "gpt-neox": gpt_neox,
    "smollm": smollm,
    "command-r": command_r,
    "phi-3": phi_3,
}
