"""The languages of models that translate between many: what says them in a source, and which token
an answer begins with.

The rules are those of each tokenizer class's set_src_lang_special_tokens in transformers 4.57.6.
"""

from __future__ import annotations

from collections.abc import Sequence

from intab.engine.text.assets import Texts
from intab.errors import OptionError

_BEFORE = ("NllbTokenizer", "MBart50Tokenizer", "M2M100Tokenizer")
_BEHIND = ("MBartTokenizer",)


def takes_languages(texts: Texts) -> bool:
    """Whether a source says its language."""
    return texts.tokenizer.class_name in (*_BEFORE, *_BEHIND)


def language_id(texts: Texts, option: str, language: object) -> int:
    """The token of a language; OptionError if the model does not know it."""
    tokenizer = texts.tokenizer
    if not isinstance(language, str) or not language:
        raise OptionError(f"{option} must be the name of a language, not {language!r}.")
    wrapped = tokenizer.class_name == "M2M100Tokenizer" and not language.startswith("__")
    token = f"__{language}__" if wrapped else language
    found = tokenizer.token_id(token)
    if found is None or not tokenizer.is_special(found):
        known = [name for name in _languages(texts) if name[:2] == language[:2].lower()]
        hint = f", but it knows {', '.join(known[:5])}" if known else ""
        raise OptionError(
            f"The model knows no language {language!r}{hint}: {option} must be written as in its "
            "tokenizer, such as 'eng_Latn', 'en_XX' or 'en'."
        )
    return found


def _languages(texts: Texts) -> list[str]:
    said = texts.tokenizer_config.get("additional_special_tokens")
    return [str(name).strip("_") for name in said] if isinstance(said, list) else []


def with_language(texts: Texts, ids: Sequence[int], language: int) -> list[int]:
    """The ids of a source without special tokens, with its language and its end."""
    end = texts.tokenizer.special_id("eos_token")
    ends = [] if end is None else [end]
    legacy = texts.tokenizer_config.get("legacy_behaviour") is True
    if texts.tokenizer.class_name in _BEHIND or legacy:
        return [*ids, *ends, language]
    return [language, *ids, *ends]
