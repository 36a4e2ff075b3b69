"""`StreamDecoder` turns ids that come one by one into text.

All that it gives, joined, is the text that `decode` gives for all ids at once.

    >>> decoder = StreamDecoder(tokenizer)
    >>> "".join(decoder.push(i) for i in ids) + decoder.flush() == tokenizer.decode(ids)
    True
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intab.engine.text.tokenizer import Tokenizer


class StreamDecoder:
    """Text from ids that come one by one; never half a character.

    Nothing that is given is ever taken back, so what later ids may still change is held: the
    replacement characters at the end (a byte-level character whose bytes are not all there), and
    a run of byte tokens, which byte-fallback decoders read as a whole.
    """

    window = 64  # ids that are decoded again for each new one, at most about so many
    overlap = 16

    def __init__(self, tokenizer: Tokenizer, skip_special_tokens: bool = True) -> None:
        self._tokenizer = tokenizer
        self._skip = skip_special_tokens
        self._ids: list[int] = []  # the last ids, and the part of their text that was given
        self._given = ""
        self.settled = True  # whether nothing is held

    def with_special_tokens(self) -> StreamDecoder:
        """Another one that goes on from here and gives the text of special tokens too; there may
        have been none so far."""
        other = copy(self)
        other._ids, other._skip = list(self._ids), False
        return other

    def push(self, token: int) -> str:
        """The text that `token` completes, "" while a character is still open."""
        self._ids.append(token)
        # A special token that is left out does not end a run of bytes.
        if self._tokenizer.is_byte(token) or (self._skip and self._tokenizer.is_special(token)):
            self.settled = False
            return ""
        text = self._decode(self._ids)
        new = self._give(text[: len(text) - self._tokenizer.unsettled(text)])
        self.settled = self._given == text
        if len(self._ids) > self.window and self.settled:
            self._forget(text)
        return new

    def flush(self) -> str:
        """The text that is held when no more ids come."""
        return self._give(self._decode(self._ids))

    def _decode(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(ids, self._skip)

    def _give(self, text: str) -> str:
        if not text.startswith(self._given):
            return ""
        new = text[len(self._given) :]
        self._given = text
        return new

    def _forget(self, text: str) -> None:
        """Go on with the last ids alone, if they give the same text alone as in their place."""
        kept = self._ids[-self.overlap :]
        alone = self._decode(kept)
        if alone and text.endswith(alone):
            self._ids, self._given = kept, alone
