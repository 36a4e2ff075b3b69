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


def _cases(digits: str, endings: str = "", but: str = "", after: str = r"\r\n/") -> str:
    """Words by upper and lower case, as GPT-4o's and Mistral's newer tokenizers have it; `but` is
    what a letter must not be, `after` belongs to the punctuation before it."""
    before = r"[^\r\n\p{L}\p{N}]?"
    upper, lower = rf"(?:{but}[{_UPPER}])", rf"(?:{but}[{_LOWER}])"
    return (
        rf"{before}{upper}*{lower}+{endings}|{before}{upper}+{lower}*{endings}"
        rf"|{digits}| ?[^\s\p{{L}}\p{{N}}]+[{after}]*|{_SPACES}"
    )


_DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    rf"| ?[\p{{P}}\p{{S}}]+[\r\n]*|{_SPACES}"
)
_KIMI = r"\p{Han}+|" + _cases(r"\p{N}{1,3}", f"{_ENDINGS}?", but=r"(?!\p{Han})", after=r"\r\n")
# DeepSeek LLM's letters: those that have cases, but for some of Georgian.
_CASED = (
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293"
    "\u0295-\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c"
    "\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5"
    "\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77"
    "\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59"
    "\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc"
    "\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107"
    "\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139"
    "\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee"
    "\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e"
    "\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f"
    "\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2"
    "\U000118a0-\U000118df\U0001e900-\U0001e943"
)
_MARKED = "!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002"
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
    PreTokenizer(
        (
            *("[\r\n]", rf"\s?[{_CASED}]+", rf"\s?[{_MARKED}]+", r"\s+$"),
            *("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+", r"\p{N}+"),
        )
    ): ("deepseek-llm",),
    PreTokenizer((_KIMI,)): ("kimi-k2",),
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
