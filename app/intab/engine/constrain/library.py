"""llguidance, the library that knows what may follow: https://github.com/guidance-ai/llguidance

It is imported when a constraint is first asked for: `import intab` does not need it, and a page
fetches it then. Compiled grammars are kept, the last few of each tokenizer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from intab.engine.constrain.constraint import Constraint
from intab.engine.constrain.vocabulary import Vocabulary, make_vocabulary
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import OptionError

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

    from intab.engine.constrain.matcher import Matcher

MOST_GRAMMARS = 16  # that are kept for a tokenizer
MOST_TOKENIZERS = 4  # a tokenizer's, each with end tokens of its own
# Of the library's lexer for one grammar: 1 to 2 kB each.
MOST_STATES = 50_000
_ASKED_TO_END = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)
MOST_ERROR = 300  # characters of an error of the library's

_tables: WeakKeyDictionary[Tokenizer, OrderedDict[Any, Table]] = WeakKeyDictionary()


def is_here() -> bool:
    """Whether the library can be imported."""
    try:
        import llguidance  # noqa: F401
    except ImportError:
        return False
    return True


def compiled(constraint: Constraint, tokenizer: Tokenizer, size: int, ends: Sequence[int]) -> Start:
    """A constraint for `size` logits of a model with that tokenizer and those end tokens.

    OptionError if the library refuses it, and says why, or is not there.
    """
    if not is_here():
        raise OptionError(
            f"{constraint.option} needs llguidance, which is not installed; "
            "try: pip install 'llguidance>=1.9.1,<2'"
        )
    tables = _tables.setdefault(tokenizer, OrderedDict())
    key = (size, tuple(ends))
    if key not in tables:
        tables[key] = Table(tokenizer, size, ends)
        _forget(tables, MOST_TOKENIZERS)
    return tables[key].start(constraint)


def _forget(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


class Start:
    """The beginning of a compiled grammar, of which each sequence gets a copy."""

    def __init__(self, vocabulary: Vocabulary, inner: LLMatcher, constraint: Constraint) -> None:
        self.vocabulary = vocabulary
        self.inner = inner
        self.constraint = constraint

    def matcher(self, *, is_first: bool = True) -> Matcher:
        """One for another sequence; `is_first`: it begins with the answer."""
        from intab.engine.constrain.matcher import Matcher

        return Matcher(self, is_first=is_first)


class Table:
    """The library's view of a tokenizer, and the grammars compiled for it."""

    def __init__(self, tokenizer: Tokenizer, size: int, ends: Sequence[int]) -> None:
        self._vocabulary = make_vocabulary(tokenizer, size)
        self._inner = _inner(tokenizer, self._vocabulary, [end for end in ends if end < size])
        self._grammars: OrderedDict[tuple[str, str], LLMatcher] = OrderedDict()

    def start(self, constraint: Constraint) -> Start:
        """The beginning of a grammar, compiled if it is not among the last ones."""
        key = (constraint.kind, constraint.text)
        if key not in self._grammars:
            self._grammars[key] = self._compiled(constraint)
            _forget(self._grammars, MOST_GRAMMARS)
        self._grammars.move_to_end(key)
        return Start(self._vocabulary, self._grammars[key], constraint)

    def _compiled(self, constraint: Constraint) -> LLMatcher:
        from llguidance import LLMatcher, LLParserLimits

        limits = LLParserLimits(max_lexer_states=MOST_STATES, verbose_errors=False)
        try:
            grammar = _grammar(constraint, forcing=self._vocabulary.whole)
            found = LLMatcher(self._inner, grammar, log_level=0, limits=limits)
            error = _error_of(found)
        except _ASKED_TO_END:
            raise
        except BaseException as exc:  # a panic of the library, which is no Exception
            raise OptionError(
                f"{constraint.option} cannot be honoured: {_short(str(exc))}"
            ) from exc
        if error:
            raise OptionError(f"{constraint.option} cannot be honoured: {_short(error)}")
        return found


def _error_of(found: LLMatcher) -> str:
    """What is wrong with a grammar, "" for nothing."""
    if found.is_error() or any(found.deep_copy().compute_bitmask()):
        return found.get_error()
    return "no answer can begin"


def _short(error: str) -> str:
    """What an error of the library says, without its own traces."""
    text = " ".join(error.partition("<backtrace>")[0].split())
    return f"{text[:MOST_ERROR]}{'...' if len(text) > MOST_ERROR else ''}"


def _grammar(constraint: Constraint, *, forcing: bool) -> str:
    """A constraint in the library's words. Without `forcing` no text is cut into tokens, which
    cannot be done if there is not a token for each byte."""
    from llguidance import LLMatcher
    from llguidance.gbnf_to_lark import gbnf_to_lark

    text, kind = constraint.text, constraint.kind
    options = "" if forcing else '%llguidance {"no_forcing": true}\n'
    if kind == "json":
        return f"{options}start: %json {text}" if options else _json(text)
    if kind == "regex":
        grammar = LLMatcher.grammar_from_regex(text)
        return grammar if not options else f"{options}start: /{text.replace('/', chr(92) + '/')}/"
    return options + (gbnf_to_lark(text) if kind == "gbnf" else text)


def _json(text: str) -> str:
    from llguidance import LLMatcher

    return LLMatcher.grammar_from_json_schema(text)


def _inner(tokenizer: Tokenizer, vocabulary: Vocabulary, ends: Sequence[int]) -> LLTokenizer:
    from llguidance import LLTokenizer, TokenizerWrapper

    words = _Words(tokenizer, vocabulary, ends[0] if ends else None)
    return LLTokenizer(TokenizerWrapper(words), eos_token=list(ends) or None)


class _Words:
    """A tokenizer in the form that the library takes: the bytes of its tokens, and how a text in
    the middle of others is cut into tokens."""

    bos_token_id = None

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary, end: int | None) -> None:
        self.eos_token_id = end
        self.tokens = vocabulary.tokens
        self.special_token_ids = vocabulary.special
        self._backend = tokenizer.backend  # not the tokenizer, which would be kept for ever so
        self._special = set(vocabulary.special)
        self._usual = {token: number for number, token in enumerate(self.tokens) if token}
        for number in vocabulary.special:
            self._usual.pop(self.tokens[number], None)
        self._longest = max(map(len, self._usual), default=0)

    def __call__(self, text: bytes | str) -> list[int]:
        """The ids whose bytes are those of a text: the tokenizer's own, if they are."""
        data = text.encode() if isinstance(text, str) else bytes(text)
        text = data.decode(errors="replace")
        for before in ("", "\n"):
            ids = self._after(before, text)
            if b"".join(self.tokens[number] for number in ids) == data:
                return ids
        return self._greedy(data)

    def _after(self, before: str, text: str) -> list[int]:
        """The ids of a text that follows another, which takes what begins a prompt."""
        whole, known = (
            list(self._backend.encode(each, add_special_tokens=False).ids)
            for each in (before + text, before)
        )
        if whole[: len(known)] != known or not self._special.isdisjoint(whole):
            return []
        return whole[len(known) :]

    def _greedy(self, data: bytes) -> list[int]:
        """The longest token each time."""
        found, at = [], 0
        while at < len(data):
            lengths = range(min(self._longest, len(data) - at), 0, -1)
            length = next((n for n in lengths if data[at : at + n] in self._usual), 0)
            if not length:
                break
            found.append(self._usual[data[at : at + length]])
            at += length
        return found
