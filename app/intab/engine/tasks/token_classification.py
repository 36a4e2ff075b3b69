"""token-classification: the entities of a text with their places in it, as transformers' pipeline.

>>> await pipe("I am Sarah", aggregation_strategy="simple")
[{'entity_group': 'PER', 'score': 0.99, 'word': 'sarah', 'start': 5, 'end': 10}]

Tokens become entities in entities.py. A text that is longer than the model is read in windows if
`stride` says how many tokens of each are read again in the next; the entities of overlapping
windows are reduced to the longest, of these to the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tokenizers

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.entities import STRATEGIES, Token, entities, without_overlaps
from intab.engine.tasks.text_inputs import (
    check_text,
    longest,
    make_cut,
    make_row,
    tokenizer_limit,
)
from intab.engine.tasks.text_task import TextTask, floats, only, softmax, take_flag, take_number
from intab.errors import OptionError, PromptError

_OPTIONS = ("aggregation_strategy", "ignore_labels", "stride", "is_split_into_words", "delimiter")


class TokenClassification(TextTask):
    """Options: aggregation_strategy, ignore_labels, stride, is_split_into_words, delimiter."""

    name = "token-classification"
    does = "find entities"
    graph = "a classifier of tokens"
    heads = ("ForTokenClassification",)
    rank = 3
    token_rank = 3

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or out of range."""
        only(self.name, options, _OPTIONS)
        words = take_flag(options, "is_split_into_words", default=False)
        delimiter = options.get("delimiter")
        if delimiter is not None and (not words or not isinstance(delimiter, str)):
            raise OptionError("delimiter is a string that goes with is_split_into_words=True.")
        given = options.get("aggregation_strategy")
        strategy = "none" if given is None else str(given).lower()
        if strategy not in STRATEGIES:
            raise OptionError(
                f"aggregation_strategy must be one of {', '.join(STRATEGIES)}, not {given!r}."
            )
        stride = take_number(options, "stride", 0, None)
        if stride is not None and given is not None and strategy == "none":
            raise OptionError('stride needs an aggregation_strategy other than "none".')
        before = {"words": words, "delimiter": " " if delimiter is None else delimiter}
        ignored = _labels(options.get("ignore_labels"))
        before["window"] = _window(pipeline, stride)
        return {**before, "stride": stride}, {"strategy": strategy, "ignored": ignored}

    def items(self, inputs: Any, options: Mapping[str, Any]) -> tuple[list[Any], bool]:
        """One list of words is one input, whose answer still comes in a list."""
        if isinstance(inputs, tuple):
            inputs = list(inputs)
        split = options.get("is_split_into_words") is True and isinstance(inputs, list)
        if split and not all(isinstance(item, list) for item in inputs):
            return [inputs], True
        return super().items(inputs, options)

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A row for each window."""
        words, stride = options.get("words"), options.get("stride")
        if words:
            if not isinstance(item, list) or not all(isinstance(word, str) for word in item):
                raise PromptError("With is_split_into_words=True a text is a list of its words.")
            text, starts = options["delimiter"].join(item), _starts(item, options["delimiter"])
        else:
            text, starts = check_text(item), None
        most = options.get("window")
        cut = make_cut(pipeline, most, stride or 0)
        found = pipeline.texts.tokenizer.windows(item if words else text, cut=cut)
        if stride is None:
            found = found[:1]
        return [make_row(pipeline, one, about=(text, one, starts)) for one in found]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The entities of all windows."""
        tokenizer, names = pipeline.texts.tokenizer, pipeline.config.id2label
        found: list[dict[str, Any]] = []
        for row, output in zip(rows, outputs, strict=True):
            scores = softmax(floats(output))
            tokens = read_tokens(pipeline, *row.about)
            for token in tokens:
                token.scores = scores[token.index]
            one = entities(tokens, options["strategy"], names, tokenizer)
            ignored = options["ignored"]
            found += [
                entity
                for entity in one
                if entity.get("entity", entity.get("entity_group")) not in ignored
            ]
        return without_overlaps(found) if len(rows) > 1 else found


def _labels(labels: Any) -> Sequence[str]:
    if labels is None:
        return ("O",)
    several = isinstance(labels, Iterable) and not isinstance(labels, str)
    if not several or not all(isinstance(one, str) for one in labels):
        raise OptionError(f"ignore_labels must be a list of labels, not {labels!r}.")
    return list(labels)


def _window(pipeline: Pipeline, stride: int | None) -> int | None:
    """How many tokens a window has: as the tokenizer says; with a stride, else as the model."""
    limit = tokenizer_limit(pipeline)
    if stride is None:
        return limit
    most = limit or longest(pipeline)
    room = None if most is None else most - pipeline.texts.tokenizer.added(False)
    if room is not None and stride >= room:
        raise OptionError(f"stride must be less than a window's {room:,} tokens, not {stride:,}.")
    return most


def _starts(words: Sequence[str], delimiter: str) -> list[int]:
    starts, place = [], 0
    for word in words:
        starts.append(place)
        place += len(word) + len(delimiter)
    return starts


def read_tokens(
    pipeline: Pipeline, text: str, found: tokenizers.Encoding, starts: Sequence[int] | None
) -> list[Token]:
    """The tokens of a window without the special ones; `starts` says where words begin."""
    tokenizer = pipeline.texts.tokenizer
    unknown = tokenizer.special_id("unk_token")
    prefix = getattr(tokenizer.backend.model, "continuing_subword_prefix", None)
    tokens = []
    for index, number in enumerate(found.ids):
        if found.special_tokens_mask[index]:
            continue
        start, end = found.offsets[index]
        word = found.word_ids[index] if starts is not None else None
        if starts is not None and word is not None:
            start, end = start + starts[word], end + starts[word]
        token, there = found.tokens[index], text[start:end]
        if prefix:
            inside = len(token) != len(there)
        else:  # no tokenizer of words: what no space is beside goes on
            inside = start > 0 and " " not in text[start - 1 : start + 1]
        if number == unknown:
            token, inside = there, False
        tokens.append(Token(token, index, start, end, inside))
    return tokens
