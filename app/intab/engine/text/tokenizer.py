"""Text to ids and back, with the reference library: `Tokenizer` wraps Hugging Face `tokenizers`; it
knows no model.

    >>> tokenizer.decode(tokenizer.encode("a text"))
    'a text'
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tokenizers

from intab.engine.io.untrusted import check_levels
from intab.engine.text.special_tokens import TokenFiles, add_to, gather
from intab.engine.text.stream_decoder import StreamDecoder as StreamDecoder
from intab.engine.text.tokenizer_classes import ALIASES, CLASSES, tokenizer_class
from intab.engine.text.tokenizer_pieces import rebuild
from intab.errors import IntabError, ManifestError, PromptError, RunError

_BYTE = re.compile("<0x[0-9A-F]{2}>")
# In the order in which transformers' clean_up_tokenization replaces them.
_CLEAN_UPS = (
    *((" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't")),
    *((" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re")),
)
_ASKED_TO_END = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)


@dataclass(frozen=True)
class Cut:
    """How texts are cut, in the library's words: to `max_length` tokens, the next one beginning
    `stride` tokens before the end of the last."""

    max_length: int
    stride: int = 0
    strategy: str = "longest_first"
    direction: str = "right"


class Tokenizer:
    """A tokenizer.json and what the files beside it declare: `encode` to ids, `decode` to text.

    special_tokens_map: bos_token and the like by name, as chat templates see them.
    """

    def __init__(
        self, json: str, files: TokenFiles | None = None, config: Mapping[str, Any] | None = None
    ) -> None:
        files = files or TokenFiles()
        with _library_errors(
            ManifestError,
            "tokenizer.json cannot be read ({}): fetch it again, or export it with "
            "tokenizers 0.20 or newer.",
        ):
            check_levels(json)
            self.backend = tokenizers.Tokenizer.from_str(json)
            own = self.backend.get_added_tokens_decoder()
            padding = self.backend.padding
        special = {number for number, token in own.items() if token.special}
        self.class_name = name = tokenizer_class(files.config, config or {}, json)
        name = ALIASES.get(name, name)
        rebuild(self.backend, name, files.config)
        defaults = CLASSES.get(name, {})
        if padding:
            defaults = {"pad_token": padding["pad_token"], **defaults}
        declared = gather(files, own, defaults)
        with _library_errors(ManifestError, "The tokenizer's added tokens are not valid ({})."):
            add_to(self.backend, declared)
        # A tokenizer.json may carry training-time truncation and padding; a prompt wants neither.
        self.backend.no_truncation()
        self.backend.no_padding()
        self.backend.encode_special_tokens = files.config.get("split_special_tokens") is True
        self.special_tokens_map = declared.texts()
        added = self.backend.get_added_tokens_decoder()
        self._special = special | {number for number, token in added.items() if token.special}
        self._has_bytes = "ByteFallback" in repr(self.backend.decoder)
        self._cleans_up = cleans_up(self.backend, files.config)

    def __repr__(self) -> str:
        return f"<intab.Tokenizer of {self.size:,} tokens>"

    def __deepcopy__(self, memo: object) -> Tokenizer:
        """Itself: it never changes, and copies of a logits processor may share it."""
        return self

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """Turn a text into ids; special tokens written in it are recognised.

        Args:
            text: any text without half surrogate pairs.
            add_special_tokens: whether to add those that a prompt begins or ends with.

        Returns:
            The ids.

        Raises:
            PromptError: the tokenizer fails on it.
        """
        with self._text_errors():
            return list(self.backend.encode(text, add_special_tokens=add_special_tokens).ids)

    @contextmanager
    def _text_errors(self) -> Iterator[None]:
        try:
            with _library_errors(PromptError, "The tokenizer failed on this text ({})."):
                yield
        except PromptError as exc:
            if not isinstance(exc.__cause__, TypeError):
                raise
            raise PromptError(
                "The text has half of a surrogate pair in it, which is no character: remove it."
            ) from exc

    def windows(
        self,
        text: str | Sequence[str],
        pair: str | None = None,
        add_special_tokens: bool = True,
        cut: Cut | None = None,
    ) -> list[tokenizers.Encoding]:
        """Turn a text, or two that belong together, into what encoders take.

        Args:
            text: any text without half surrogate pairs, or its words.
            pair: the text that belongs to it.
            add_special_tokens: whether to add those that the model expects.
            cut: how a longer one is cut; None: all of it is kept.

        Returns:
            The library's encodings: one, and those of what was cut off.

        Raises:
            PromptError: the tokenizer fails on it.
        """
        words = not isinstance(text, str)
        given: Any = list(text) if words else text
        try:
            with self._text_errors():
                if cut is not None:
                    self.backend.enable_truncation(**vars(cut))
                found = self.backend.encode(
                    given, pair, is_pretokenized=words, add_special_tokens=add_special_tokens
                )
        finally:
            self.backend.no_truncation()
        return [found, *found.overflowing]

    def added(self, pair: bool) -> int:
        """Count the special tokens that are added to a text.

        Args:
            pair: whether it is of two texts.

        Returns:
            How many.
        """
        return int(self.backend.num_special_tokens_to_add(pair))

    def join(self, tokens: Sequence[str]) -> str:
        """Turn tokens into a text, as the decoder does it.

        Args:
            tokens: as they are written in the vocabulary.

        Returns:
            The text, with the spaces that the decoder leaves.
        """
        decoder = self.backend.decoder
        return " ".join(tokens) if decoder is None else str(decoder.decode(list(tokens)))

    def special_id(self, name: str) -> int | None:
        """Look a named special token up, e.g. "mask_token".

        Returns:
            Its id; None if the model has no such token.
        """
        token = self.special_tokens_map.get(name)
        return None if token is None else self.token_id(token)

    def decode(
        self,
        ids: Sequence[int],
        skip_special_tokens: bool = True,
        clean_up_tokenization_spaces: bool | None = None,
    ) -> str:
        """Turn ids into a text.

        Args:
            ids: token ids; those that the tokenizer has no token for give nothing.
            skip_special_tokens: whether to leave special tokens out.
            clean_up_tokenization_spaces: whether to take spaces before punctuation away; None: as
                tokenizer_config.json says.

        Returns:
            The text; U+FFFD in it stands for a part of a character.

        Raises:
            RunError: the tokenizer fails on them.
        """
        try:
            text = str(self.backend.decode(list(ids), skip_special_tokens=skip_special_tokens))
        except _ASKED_TO_END:
            raise
        except BaseException as exc:  # a panic of the library, which is no Exception
            raise RunError(f"The tokenizer failed on the answer's ids ({exc}).") from exc
        cleans = clean_up_tokenization_spaces
        return clean_up(text) if (self._cleans_up if cleans is None else cleans) else text

    @property
    def size(self) -> int:
        """The number of tokens, added ones included."""
        return int(self.backend.get_vocab_size())

    @property
    def learnt(self) -> int:
        """The number of tokens without the added ones, which a model need not know: Gemma 3's
        tokenizer has one for images, which the models that read text alone have no row for."""
        return int(self.backend.get_vocab_size(with_added_tokens=False))

    def is_special(self, token: int) -> bool:
        """Tell special tokens from others.

        Returns:
            Whether `decode` leaves this id out unless it is asked not to.
        """
        return token in self._special

    def is_byte(self, token: int) -> bool:
        """Tell whether the next token may change the text that this one gives.

        Returns:
            Whether it is one byte, <0x00> to <0xFF>, of a byte-fallback decoder.
        """
        return self._has_bytes and bool(_BYTE.fullmatch(self.backend.id_to_token(token) or ""))

    def unsettled(self, text: str) -> int:
        """Count what the next token may still change.

        Returns:
            The number of characters at the end of `text`.
        """
        kept = len(text) - len(text.rstrip("\ufffd"))
        if self._cleans_up and not kept:
            kept = max(overlap(text, before) for before, _ in _CLEAN_UPS)
        return kept

    def vocabulary(self) -> dict[str, int]:
        """List all tokens, added ones included.

        Returns:
            Their ids, by the tokens as they are written.
        """
        return dict(self.backend.get_vocab())

    def token_id(self, token: str) -> int | None:
        """Look one token up, as it is written in the vocabulary.

        Returns:
            Its id; None if it is not there.
        """
        return self.backend.token_to_id(token)


def clean_up(text: str) -> str:
    """Text without the spaces that a tokenizer of words puts before punctuation."""
    for before, after in _CLEAN_UPS:
        text = text.replace(before, after)
    return text


def cleans_up(backend: tokenizers.Tokenizer, settings: Mapping[str, Any]) -> bool:
    """Whether tokenizer_config.json asks for it; transformers keeps BPE from it, which it harms."""
    forced = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
    if settings.get("clean_up_tokenization_spaces") is not True:
        return False
    return type(backend.model).__name__ != "BPE" or settings.get(forced) is True


def overlap(text: str, word: str) -> int:
    """The length of the longest end of `text` that `word` begins with, but for all of it."""
    lengths = range(min(len(text), len(word) - 1), 0, -1)
    return next((n for n in lengths if text.endswith(word[:n])), 0)


@contextmanager
def _library_errors(kind: type[IntabError], words: str) -> Iterator[None]:
    """The library's errors as ours: it raises bare Exception, and a panic in it BaseException."""
    try:
        yield
    except _ASKED_TO_END:
        raise
    except BaseException as exc:
        raise kind(words.format(str(exc)[:500] or type(exc).__name__)) from exc
