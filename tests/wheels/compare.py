"""Everything that can be seen of an encoding, as a digest: runs in CPython and in Pyodide.

Two libraries that give the same digests for the same strings agree on ids, tokens, offsets,
masks, words and decodings, or refuse with the same kind of exception.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tokenizers import Encoding, Tokenizer


def view(encoding: Encoding) -> str:
    """All of an encoding as one string; tokens joined, as versions of Python print them apart."""
    numbers = (
        encoding.ids,
        encoding.type_ids,
        encoding.offsets,
        encoding.attention_mask,
        encoding.special_tokens_mask,
        encoding.word_ids,
        encoding.sequence_ids,
    )
    more = "".join(view(part) for part in encoding.overflowing)
    return f"{numbers}{'|'.join(encoding.tokens)}{more}"


def describe(tokenizer: Tokenizer, text: str) -> str:
    """One string's encoding with and without special tokens, and back."""
    try:
        encoding = tokenizer.encode(text)
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        decoded = tokenizer.decode(encoding.ids) + tokenizer.decode(plain, False)
        return f"{view(encoding)}{plain}{decoded}"
    except Exception as error:  # noqa: BLE001 - what is compared includes refusals
        return f"{type(error).__name__} {error}"


def digest(tokenizer: Tokenizer, texts: list[str]) -> str:
    seen = hashlib.blake2b(digest_size=12)
    for text in texts:
        seen.update(describe(tokenizer, text).encode("utf-8", "surrogatepass"))
    return seen.hexdigest()


def digests(tokenizer: Tokenizer, texts: list[str], size: int) -> list[str]:
    """One digest for each `size` strings."""
    return [digest(tokenizer, texts[at : at + size]) for at in range(0, len(texts), size)]


def digests_of_file(tokenizer: Tokenizer, path: str, size: int) -> list[str]:
    return digests(tokenizer, json.loads(Path(path).read_text(encoding="utf-8")), size)
