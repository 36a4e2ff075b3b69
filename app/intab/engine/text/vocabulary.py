"""A vocabulary of whole tokens as a tokenizer.json, for models that come with vocab.json alone.

Such are those that write down sound letter by letter (Wav2Vec2CTCTokenizer) and those that speak
(VitsTokenizer), of which transformers has no tokenizer.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from intab.engine.io.small_files import parse_object
from intab.errors import ManifestError

VOCABULARY = "vocab.json"
# Families of which a tokenizer.json is Transformers.js' own, which the library cannot read.
OWN_JSON = ("vits",)


def words_in(tokenizer_json: str) -> Mapping[str, Any]:
    """The vocabulary of such a tokenizer.json, which is that of vocab.json; ManifestError."""
    model = parse_object(tokenizer_json, "tokenizer.json").get("model")
    words = model.get("vocab") if isinstance(model, Mapping) else None
    if not isinstance(words, Mapping):
        raise ManifestError("tokenizer.json is not valid: it has no vocabulary (model.vocab).")
    return words


def of_words(words: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """A tokenizer.json of ids by token, or of those of the language that tokenizer_config.json
    names by `target_lang`; ManifestError."""
    language = settings.get("target_lang")
    own = words.get(language) if isinstance(language, str) else words
    if not isinstance(own, Mapping):
        raise ManifestError(
            f"{VOCABULARY} has no tokens of the target_lang {language!r} that "
            f"tokenizer_config.json names; it has: {', '.join(map(str, words))[:200]}."
        )
    for token, number in own.items():
        if type(number) is not int or not 0 <= number < 2**31:
            raise ManifestError(f"{VOCABULARY} is not valid: {token!r} must have an id.")
    unknown = settings.get("unk_token")
    unknown = unknown if isinstance(unknown, str) else "<unk>"
    model = {"type": "WordLevel", "vocab": dict(own), "unk_token": unknown}
    return json.dumps({"version": "1.0", "added_tokens": [], "model": model})
