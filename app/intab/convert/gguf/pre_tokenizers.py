"""How a byte-level tokenizer cuts text before it merges, by the name that llama.cpp gives that.

    PRE_TOKENIZERS["llama-bpe"].patterns        # cut by each, one after the other

The names are those of `tokenizer.ggml.pre`, the patterns those of the models' own tokenizer.json:
https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ENDINGS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
_DIGIT = r"\p{N}"
_THREE = "[0-9][0-9][0-9]"
_BLOOM = r" ?[^(\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"


def _words(digits: str) -> str:
    """Llama 3's way, with so many digits together."""
    return (
        rf"{_ENDINGS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}"
        rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_SPACES}"
    )


_LLAMA3, _QWEN2 = _words(r"\p{N}{1,3}"), _words(_DIGIT)
_QWEN35 = (
    rf"{_ENDINGS}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}"
    rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{_SPACES}"
)
_SEED = rf"{_ENDINGS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|{_SPACES}"
_UPPER, _LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"


def _cases(digits: str, endings: str = "") -> str:
    """Words by upper and lower case, as GPT-4o's and Mistral's newer tokenizers have it."""
    before = r"[^\r\n\p{L}\p{N}]?"
    return (
        rf"{before}[{_UPPER}]*[{_LOWER}]+{endings}|{before}[{_UPPER}]+[{_LOWER}]*{endings}"
        rf"|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}"
    )


_DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    rf"| ?[\p{{P}}\p{{S}}]+[\r\n]*|{_SPACES}"
)
_CJK = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"


@dataclass(frozen=True)
class PreTokenizer:
    """Patterns; whether a whole piece that is a token stays one; whether a text begins with bos
    unless the file says otherwise."""

    patterns: tuple[str, ...]
    whole: bool = False
    begins: bool = False


DEFAULT = PreTokenizer((r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", _THREE))
_TABLE: Mapping[PreTokenizer, tuple[str, ...]] = {
    DEFAULT: ("default", ""),
    PreTokenizer((_LLAMA3,), whole=True, begins=True): (
        *("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"),
        "jina-v5-nano",
    ),
    PreTokenizer((_LLAMA3,)): ("dbrx", "smaug-bpe", "chatglm-bpe"),
    PreTokenizer((_LLAMA3,), whole=True): ("glm4", "glm5"),
    PreTokenizer((r"\p{N}{1,3}", _words(r"\p{N}+")), whole=True): ("minicpm5",),
    PreTokenizer((_QWEN2,)): (
        *("qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan"),
        *("solar-open", "grok-2"),
    ),
    PreTokenizer((_QWEN35,)): ("qwen35",),
    PreTokenizer((_SEED,)): ("seed-coder",),
    PreTokenizer((_cases(_DIGIT),), whole=True, begins=True): ("tekken",),
    PreTokenizer((_cases(r"\p{N}{1,3}", f"{_ENDINGS}?"),)): (
        *("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"),
    ),
    PreTokenizer((r"\p{N}{1,3}", _CJK, _DEEPSEEK)): (
        *("deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"),
    ),
    PreTokenizer(
        ("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+", _DIGIT)
    ): ("deepseek-coder",),
    PreTokenizer((r"[\p{P}\$\+<=>\^~\|`]+", _GPT2, _THREE)): ("falcon",),
    PreTokenizer((_DIGIT, _GPT2)): (
        *("starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b"),
        "mellum2",
    ),
    PreTokenizer((_GPT2,)): (
        *("gpt-2", "phi-2", "gigachat", "a.x-4.0", "mellum", "modern-bert", "mpt", "olmo", "jais"),
        *("trillion", "granite-docling", "exaone4", "jina-es", "jina-de", "jina-v2-es"),
        "jina-v2-de",
    ),
    PreTokenizer((_BLOOM,)): ("poro-chat", "bloom", "gpt3-finnish"),
    PreTokenizer((_BLOOM, _DIGIT)): ("viking",),
}
PRE_TOKENIZERS = {name: found for found, names in _TABLE.items() for name in names}
