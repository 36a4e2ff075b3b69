"""Text to ids and back, with the reference library, and a decoder for text that is still coming.

`Tokenizer` wraps Hugging Face `tokenizers`; it knows no model. `StreamDecoder` turns ids that come
one by one into text: what it has given, joined, is what `decode` gives for all ids at once.

    >>> decoder = StreamDecoder(tokenizer)
    >>> "".join(decoder.push(i) for i in ids) + decoder.flush() == tokenizer.decode(ids)
    True
"""

from __future__ import annotations

from collections.abc import Sequence

import tokenizers
from tokenizers.decoders import DecodeStream

from intab.errors import ManifestError


class Tokenizer:
    """A tokenizer.json: `encode` to a list of ids, `decode` to text without special tokens."""

    def __init__(self, json: str) -> None:
        try:
            self.backend = tokenizers.Tokenizer.from_str(json)
        except Exception as exc:  # the library raises bare Exception
            raise ManifestError(
                f"tokenizer.json cannot be read ({exc}): fetch it again, or export it with "
                "tokenizers 0.20 or newer."
            ) from exc
        # A tokenizer.json may carry training-time truncation and padding; a prompt wants neither.
        self.backend.no_truncation()
        self.backend.no_padding()

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """The ids of `text`; special tokens written in it are recognised."""
        return list(self.backend.encode(text, add_special_tokens=add_special_tokens).ids)

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        """The text of `ids`."""
        return str(self.backend.decode(list(ids), skip_special_tokens=skip_special_tokens))

    @property
    def size(self) -> int:
        """The number of tokens, added ones included."""
        return int(self.backend.get_vocab_size())

    def token_id(self, token: str) -> int | None:
        """The id of one token as written in the vocabulary, None where it is not there."""
        return self.backend.token_to_id(token)


class StreamDecoder:
    """Text from ids that come one by one; never half a character."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._ids: list[int] = []
        self._given = 0

    def push(self, token: int) -> str:
        """The text that `token` completes, "" while a character is still open."""
        self._ids.append(token)
        text = self._stream.step(self._tokenizer.backend, token) or ""
        self._given += len(text)
        return text

    def flush(self) -> str:
        """What is left when no more ids come: the replacement characters of an open character."""
        rest = self._tokenizer.decode(self._ids)[self._given :]
        self._given += len(rest)
        return rest
