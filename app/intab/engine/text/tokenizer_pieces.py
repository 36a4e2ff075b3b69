"""The pieces that transformers 5 gives a tokenizer of some classes, whatever tokenizer.json has.

Its LlamaTokenizer, say, puts no space after a special token unless `legacy` asks for it. Only the
vocabulary, the merges, the added tokens and the post-processor are the file's. Each function is the
constructor of the class of its name, under
https://github.com/huggingface/transformers/tree/main/src/transformers/models
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import tokenizers
from tokenizers import Regex, decoders, normalizers, pre_tokenizers, processors

Settings = Mapping[str, Any]

_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN3_5 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|"
    r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def rebuild(backend: tokenizers.Tokenizer, name: str, settings: Settings) -> None:
    """Give a tokenizer of BPE or of word pieces those of the class of that name.

    settings: tokenizer_config.json.
    """
    if name in _WORD_PIECES and type(backend.model).__name__ == "WordPiece":
        _bert(backend, settings)
    if name in _CLASSES and type(backend.model).__name__ == "BPE":
        backend.model.unk_token = None
        backend.model.fuse_unk = backend.model.byte_fallback = name in _PIECES
        backend.normalizer = None
        _CLASSES[name](backend, settings)


def _llama(backend: tokenizers.Tokenizer, settings: Settings) -> None:
    prefix = settings.get("add_prefix_space") in (None, True)
    scheme = ("always" if settings.get("legacy") is True else "first") if prefix else "never"
    backend.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme=scheme, split=False)
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    backend.decoder = decoders.Sequence([*steps, *[decoders.Strip(" ", 1, 0)] * prefix])


def _gemma(backend: tokenizers.Tokenizer, settings: Settings) -> None:
    unknown = settings.get("unk_token", "<unk>")
    unknown = unknown.get("content") if isinstance(unknown, Mapping) else unknown
    if isinstance(unknown, str) and backend.token_to_id(unknown) is not None:
        backend.model.unk_token = unknown
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    backend.decoder = decoders.Sequence(steps)


def _gpt2(backend: tokenizers.Tokenizer, settings: Settings) -> None:
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=_prefix(settings))
    backend.decoder = decoders.ByteLevel()


def _bert(backend: tokenizers.Tokenizer, settings: Settings) -> None:
    """Its normaliser is as tokenizer_config.json says, whatever tokenizer.json has."""
    backend.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=settings.get("tokenize_chinese_chars") is not False,
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case") is not False,
    )
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(prefix="##")


def _roberta(backend: tokenizers.Tokenizer, settings: Settings) -> None:
    _gpt2(backend, settings)
    processor = backend.post_processor
    if isinstance(processor, processors.RobertaProcessing):
        trim, prefix = settings.get("trim_offsets") is not False, _prefix(settings)
        state = {**json.loads(processor.__getstate__()), "trim_offsets": trim}
        processor.__setstate__(json.dumps({**state, "add_prefix_space": prefix}).encode())
        backend.post_processor = processor


def _gpt_neox(backend: tokenizers.Tokenizer, settings: Settings) -> None:
    _gpt2(backend, settings)
    backend.normalizer = normalizers.NFC()
    # add_bos_token and add_eos_token have no effect if there is a tokenizer.json.
    backend.post_processor = processors.TemplateProcessing("$A:0", "$A:0 $B:1", [])


def _cohere(backend: tokenizers.Tokenizer, settings: Settings) -> None:
    _gpt2(backend, settings)
    backend.normalizer = normalizers.NFC()
    digits = pre_tokenizers.Digits(individual_digits=True)
    backend.pre_tokenizer = pre_tokenizers.Sequence([digits, backend.pre_tokenizer])


def _split_by(pattern: str) -> Callable[[tokenizers.Tokenizer, Settings], None]:
    def qwen(backend: tokenizers.Tokenizer, settings: Settings) -> None:
        split = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
        level = pre_tokenizers.ByteLevel(add_prefix_space=_prefix(settings), use_regex=False)
        backend.normalizer = normalizers.NFC()
        backend.pre_tokenizer = pre_tokenizers.Sequence([split, level])
        backend.decoder = decoders.ByteLevel()

    return qwen


def _prefix(settings: Settings) -> bool:
    return settings.get("add_prefix_space") is True


_WORD_PIECES = {"BertTokenizer", "MPNetTokenizer", "SplinterTokenizer"}
_PIECES = {"GemmaTokenizer", "LlamaTokenizer"}  # with bytes for what has no piece
_CLASSES: dict[str, Callable[[tokenizers.Tokenizer, Settings], None]] = {
    "BartTokenizer": _roberta,
    "CohereTokenizer": _cohere,
    "GPT2Tokenizer": _gpt2,
    "GPTNeoXTokenizer": _gpt_neox,
    "GemmaTokenizer": _gemma,
    "LlamaTokenizer": _llama,
    "Qwen2Tokenizer": _split_by(_QWEN2),
    "Qwen3_5Tokenizer": _split_by(_QWEN3_5),
    "RobertaTokenizer": _roberta,
}
