"""Text to ids and back, with the reference library, and a decoder for text that is still coming.

`Tokenizer` wraps Hugging Face `tokenizers`; it knows no model. `StreamDecoder` turns ids that come
one by one into text: what it has given, joined, is what `decode` gives for all ids at once.

    >>> decoder = StreamDecoder(tokenizer)
    >>> "".join(decoder.push(i) for i in ids) + decoder.flush() == tokenizer.decode(ids)
    True
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import tokenizers

from intab.engine.untrusted import check_levels
from intab.errors import ManifestError, PromptError

_BYTE = re.compile("<0x[0-9A-F]{2}>")


class Tokenizer:
    """A tokenizer.json: `encode` to a list of ids, `decode` to text without special tokens."""

    def __init__(self, json: str) -> None:
        try:
            check_levels(json)
            self.backend = tokenizers.Tokenizer.from_str(json)
        except Exception as exc:  # the library raises bare Exception
            raise ManifestError(
                f"tokenizer.json cannot be read ({exc}): fetch it again, or export it with "
                "tokenizers 0.20 or newer."
            ) from exc
        # A tokenizer.json may carry training-time truncation and padding; a prompt wants neither.
        self.backend.no_truncation()
        self.backend.no_padding()
        added = self.backend.get_added_tokens_decoder()
        self._special = {number for number, token in added.items() if token.special}
        self._has_bytes = "ByteFallback" in repr(self.backend.decoder)

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """The ids of `text`; special tokens written in it are recognised."""
        try:
            return list(self.backend.encode(text, add_special_tokens=add_special_tokens).ids)
        except TypeError as exc:
            raise PromptError(
                "The text has half of a surrogate pair in it, which is no character: remove it."
            ) from exc

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        """The text of `ids`."""
        return str(self.backend.decode(list(ids), skip_special_tokens=skip_special_tokens))

    @property
    def size(self) -> int:
        """The number of tokens, added ones included."""
        return int(self.backend.get_vocab_size())

    @property
    def learnt(self) -> int:
        """The number of tokens without the added ones, which a model need not know: Gemma 3's
        tokenizer has one for images, which the models that read text alone have no row for."""
        return int(self.backend.get_vocab_size(with_added_tokens=False))

    def is_open(self, token: int) -> bool:
        """Whether the next token may change the text that this one gives.

        So may one byte, <0x00> to <0xFF>, of a byte-fallback decoder; special tokens, which are
        left out of the text, do not end a run of them.
        """
        if token in self._special:
            return True
        return self._has_bytes and bool(_BYTE.fullmatch(self.backend.id_to_token(token) or ""))

    def token_id(self, token: str) -> int | None:
        """The id of one token as written in the vocabulary, None where it is not there."""
        return self.backend.token_to_id(token)


class StreamDecoder:
    """Text from ids that come one by one; never half a character.

    Nothing that is given is ever taken back, so what later ids may still change is held: the
    replacement characters at the end (a byte-level character whose bytes are not all there), and
    a run of byte tokens, which byte-fallback decoders read as a whole.
    """

    window = 64  # ids that are decoded again for each new one, at most about so many
    overlap = 16

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []  # the last ids, and the part of their text that was given
        self._given = ""

    def push(self, token: int) -> str:
        """The text that `token` completes, "" while a character is still open."""
        self._ids.append(token)
        if self._tokenizer.is_open(token):
            return ""
        text = self._tokenizer.decode(self._ids)
        new = self._give(text.rstrip("\ufffd"))
        if len(self._ids) > self.window and self._given == text:
            self._forget(text)
        return new

    def flush(self) -> str:
        """What is held when no more ids come."""
        return self._give(self._tokenizer.decode(self._ids))

    def _give(self, text: str) -> str:
        if not text.startswith(self._given):
            return ""
        new = text[len(self._given) :]
        self._given = text
        return new

    def _forget(self, text: str) -> None:
        """Go on with the last ids alone, if they give the same text alone as in their place."""
        kept = self._ids[-self.overlap :]
        alone = self._tokenizer.decode(kept)
        if alone and text.endswith(alone):
            self._ids, self._given = kept, alone
