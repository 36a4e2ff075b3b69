"""Writes the texts of a model folder from a GGUF file's metadata: config, tokenizer, defaults.

write_texts(folder, keys, config)      # config.json, tokenizer.json, tokenizer_config.json ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from intab.convert.describing import write_json
from intab.convert.gguf.keys import Keys
from intab.convert.gguf.tokenizer import make_tokenizer
from intab.convert.gguf.vocabulary import Vocabulary, read_vocabulary
from intab.errors import ConvertError

TEMPLATE = "tokenizer.chat_template"
# general.sampling.* -> transformers' options.
_SAMPLING = {"top_k": "top_k", "top_p": "top_p", "min_p": "min_p", "temp": "temperature"}
_SAMPLING |= {"penalty_repeat": "repetition_penalty"}
_NAME = re.compile(r"\w[\w.-]*", re.ASCII)


def write_texts(folder: Path, keys: Keys, config: Mapping[str, Any]) -> list[str]:
    """Write them into a folder; what there is to say of them."""
    vocabulary = read_vocabulary(keys)
    if len(vocabulary.tokens) > config["vocab_size"]:
        raise ConvertError(
            f"{keys.path} has {len(vocabulary.tokens):,} tokens and embeddings of "
            f"{config['vocab_size']:,}: it is damaged, or no whole model."
        )
    text, notes = make_tokenizer(vocabulary, keys)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    ids = {
        f"{name}_id": vocabulary.named.get(name) for name in ("bos_token", "eos_token", "pad_token")
    }
    write_json(folder / "config.json", {**config, **ids})
    write_json(folder / "tokenizer_config.json", _tokenizer_config(vocabulary, keys))
    write_json(folder / "generation_config.json", _generation_config(vocabulary, keys, ids))
    return notes


def _tokenizer_config(vocabulary: Vocabulary, keys: Keys) -> dict[str, Any]:
    """`as_written`: a class of transformers must not give it other pieces than the file has."""
    named = {name: vocabulary.tokens[number] for name, number in vocabulary.named.items()}
    found = {"tokenizer_class": "PreTrainedTokenizerFast", "as_written": True, **named}
    found |= {"clean_up_tokenization_spaces": False}
    templates = _templates(keys)
    if set(templates) == {"default"}:
        return {**found, "chat_template": templates["default"]}
    listed = [{"name": name, "template": text} for name, text in templates.items()]
    return {**found, "chat_template": listed} if listed else found


def _templates(keys: Keys) -> dict[str, str]:
    """The chat templates by name, the one without a name first."""
    names = [name for name in keys.metadata if name.startswith(f"{TEMPLATE}.")]
    found = {"default": keys.text(TEMPLATE)}
    found |= {name.removeprefix(f"{TEMPLATE}."): keys.text(name) for name in names}
    return {name: text for name, text in found.items() if text and _NAME.fullmatch(name)}


def _generation_config(
    vocabulary: Vocabulary, keys: Keys, ids: Mapping[str, int | None]
) -> dict[str, Any]:
    ends = vocabulary.ends()
    found: dict[str, Any] = {name: number for name, number in ids.items() if number is not None}
    if ends:
        found["eos_token_id"] = ends if len(ends) > 1 else ends[0]
    suppressed = keys.items("tokenizer.ggml.suppress_tokens", int) or []
    suppressed = [one for one in suppressed if 0 <= one < len(vocabulary.tokens)]
    if suppressed:
        found["suppress_tokens"] = suppressed
    for name, option in _SAMPLING.items():
        if f"general.sampling.{name}" in keys:
            found[option] = keys.number(f"general.sampling.{name}")
    if "top_k" in found:
        found["top_k"] = int(found["top_k"])
    if found.get("temperature") == 0:
        del found["temperature"]
    elif "temperature" in found:
        found["do_sample"] = True
    return found
