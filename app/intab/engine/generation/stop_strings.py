"""Finding stop strings in text that comes piece by piece, or token by token.

>>> finder = StopFinder(("###",))
>>> finder.push("one #"), finder.push("## two")
(('one ', False), ('', True))
"""

from __future__ import annotations

from collections.abc import Sequence

from intab.engine.text.tokenizer import StreamDecoder, Tokenizer, overlap


class StopFinder:
    """Passes text on, holding back what may be the beginning of a stop string.

    A stop string may begin in the text `before`, of which nothing is passed on, but not end there.
    """

    def __init__(self, stops: Sequence[str], before: str = "") -> None:
        self._stops = stops
        self._held = before[len(before) - self._kept(before) :]
        self._before = len(self._held)  # characters of _held that are not to be passed on

    def push(self, text: str, *, last: bool = False) -> tuple[str, bool]:
        """The text that is certain, and whether a stop string was found, which ends it.

        `last` says that nothing follows: then nothing is held back.
        """
        text, before = self._held + text, self._before
        firsts = ((stop, max(before + 1 - len(stop), 0)) for stop in self._stops)
        found = [at for stop, first in firsts if (at := text.find(stop, first)) >= 0]
        if found:
            return text[before : min(found)], True
        certain = len(text) - (0 if last else self._kept(text))
        self._held = text[certain:]
        self._before = max(before - certain, 0)
        return text[before:certain], False

    def _kept(self, text: str) -> int:
        """How many characters at the end of a text a stop string may begin with."""
        return max((overlap(text, stop) for stop in self._stops), default=0)


class StoppedText:
    """Text from ids that come one by one, up to the first stop string.

    Stop strings are looked for in the text with its special tokens, whether they are shown or not,
    as in transformers: they may name them, and never match across one that is left out. They may
    begin in the prompt.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        stops: Sequence[str] = (),
        skip_special_tokens: bool = True,
        prompt: Sequence[int] = (),
    ) -> None:
        self._tokenizer = tokenizer
        self._skip = skip_special_tokens
        self._searches = bool(stops)
        self._tail = last_ids(prompt, stops)
        self._before = tokenizer.decode(self._tail, skip_special_tokens=False)
        self._finder = StopFinder(stops, self._before)
        self._leading = ""  # spaces for the finder that the text has not
        self._unseen = 0  # how many of them it has not passed on
        self._shown = StreamDecoder(tokenizer, skip_special_tokens)
        self._full: StreamDecoder | None = None  # once a special token was left out
        self._seen = 0
        self._begin()

    def push(self, token: int | None, *, last: bool = False) -> tuple[str, bool]:
        """The text that is certain with `token`, and whether a stop string was found.

        `last` says that no token follows; then the token may be None, and nothing is held back.
        """
        if self._tail and token is not None:
            self._lead(token)
        hidden = token is not None and self._skip and self._tokenizer.is_special(token)
        if hidden and self._searches and self._full is None:
            self._full = self._shown.with_special_tokens()
        new = _pushed(self._shown, token, last)
        if not self._searches:
            return new, False
        self._text += new
        self._all += _pushed(self._full, token, last) if self._full else new
        if hidden and token is not None:
            self._left_out.append(self._tokenizer.decode([token], skip_special_tokens=False))
        return self._certain_text(last)

    def _certain_text(self, last: bool) -> tuple[str, bool]:
        new, self._leading = self._leading + self._all[self._seen :], ""
        certain, stopped = self._finder.push(new, last=last)
        self._seen = len(self._all)
        self._certain += self._of_the_answer(len(certain))
        end = self._certain
        if self._left_out:
            if stopped:
                self._text += self._shown.flush()
            end = _shown_length(self._all, end, self._left_out) - self._stripped()
        if last and not stopped:
            end = len(self._text)
        text = self._text[self._given : max(end, self._given)]
        self._given += len(text)
        decoders = [self._shown, *([self._full] if self._full else [])]
        done = self._certain == len(self._all) and self._given == len(self._text)
        if done and all(decoder.settled for decoder in decoders):
            self._begin()
        return text, stopped

    def _lead(self, first: int) -> None:
        """Give the finder the spaces that a decoder takes away from the answer's first token, since
        it does not see the prompt before it."""
        whole = self._tokenizer.decode([*self._tail, first], skip_special_tokens=False)
        alone = self._tokenizer.decode([first], skip_special_tokens=False)
        if whole.startswith(self._before):
            self._unseen = max(_indent(whole[len(self._before) :]) - _indent(alone), 0)
        self._leading, self._tail = " " * self._unseen, []

    def _of_the_answer(self, count: int) -> int:
        """How many of the next characters that the finder passes on are the text's."""
        unseen = min(self._unseen, count)
        self._unseen -= unseen
        return count - unseen

    def _stripped(self) -> int:
        """How many spaces a decoder took away from the first piece, since no special token came
        before it."""
        without = self._all
        for token in self._left_out:
            without = without.replace(token, "", 1)
        return _indent(without) - _indent(self._text) if self._text else 0

    def _begin(self) -> None:
        """Forget what was given: positions count from here."""
        self._text = self._all = ""  # what is shown; the same with special tokens
        self._given = self._seen = self._certain = 0  # of _text; of _all: looked at, without a stop
        self._left_out: list[str] = []


def last_ids(ids: Sequence[int], stops: Sequence[str]) -> list[int]:
    """The last ids, as many as a stop string may begin in, a byte each, and one more: a decoder may
    take a space away from the first."""
    longest = max((len(stop.encode(errors="replace")) for stop in stops), default=-1)
    return list(ids[len(ids) - min(longest + 1, len(ids)) :])


def ends_with_a_stop(tokenizer: Tokenizer, ids: Sequence[int], stops: Sequence[str]) -> bool:
    """Whether the last of the ids completes a stop string, or has one in it."""
    seen = last_ids(ids, stops)
    before, text = (tokenizer.decode(part, skip_special_tokens=False) for part in (seen[:-1], seen))
    pairs = enumerate(zip(before, text, strict=False))
    known = next((at for at, (old, new) in pairs if old != new), len(before))
    return any(text.find(stop, max(known + 1 - len(stop), 0)) >= 0 for stop in stops)


def _pushed(decoder: StreamDecoder, token: int | None, last: bool) -> str:
    text = "" if token is None else decoder.push(token)
    return text + decoder.flush() if last else text


def _shown_length(text: str, end: int, left_out: Sequence[str]) -> int:
    """How much of text[:end] is left without the special tokens, which come in this order."""
    at = shown = 0
    for token in left_out:
        start = text.find(token, at)
        if not 0 <= start < end:
            break
        shown += start - at
        at = start + len(token)
    return shown + max(end - at, 0)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
