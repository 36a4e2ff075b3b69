"""Packs documents into rows of CONTEXT tokens, for ever, in a seeded random order.

A row holds whole documents (a story, a conversation, a piece of a long tale), each closed by
<|endoftext|>; what is left at its end is filled with the first part of another tale. So a row
never starts in the middle of a story that fits in one, and a chat never loses its beginning.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from recipe.chats import Chat, Turn
from recipe.corpora import paragraphs_up_to
from recipe.settings import CONTEXT, END_OF_TEXT, IM_END, IM_START, SPECIAL_TOKENS, Weights

PART = 1800  # characters: about 450 tokens
END = SPECIAL_TOKENS.index(END_OF_TEXT)
SHORT = 200  # characters: a shorter question is no text to learn, a shorter answer is no story
Ids = NDArray[np.int16]
TokenWeights = NDArray[np.uint8]


@dataclass(frozen=True)
class Document:
    """Token ids, and how much each counts: 0 is not learnt."""

    ids: Ids
    weights: TokenWeights


Groups = dict[str, list[Document]]


def text_documents(tokenizer: Tokenizer, texts: list[str]) -> list[Document]:
    """Long texts in parts of whole paragraphs; only the last part teaches where a text ends."""
    parted = [list(paragraphs_up_to(text, PART)) for text in texts]
    parts = [part for parts in parted for part in parts]
    is_last = [at == len(parts) - 1 for parts in parted for at in range(len(parts))]
    encoded = tokenizer.encode_batch_fast(parts)
    return [_closed(e.ids, last) for e, last in zip(encoded, is_last, strict=True)]


def chat_document(tokenizer: Tokenizer, chat: Chat) -> Document:
    """Same text as the chat template gives; what the assistant says and long texts are learnt."""
    ids: list[int] = []
    weights: list[int] = []
    for turn in chat:
        head = tokenizer.encode(f"{IM_START}{turn.role}\n").ids
        body = tokenizer.encode(f"{turn.content}{IM_END}")
        ids += [*head, *body.ids, *tokenizer.encode("\n").ids]
        weights += [*[0] * len(head), *_turn_weights(turn, body.offsets), 0]
    ids.append(END)
    return _document(ids, [*weights, 0])


def _turn_weights(turn: Turn, offsets: list[tuple[int, int]]) -> list[int]:
    counts = Weights()
    if len(turn.content) < SHORT:
        return [counts.answer if turn.role == "assistant" else 0] * len(offsets)
    if turn.role != "assistant":
        return [*[counts.passage] * (len(offsets) - 1), 0]
    found = [re.finditer(rf"\b{word}\b", turn.content) for word in turn.asked]
    spans = [match.span() for matches in found for match in matches]
    inside = (any(a < end and start < b for a, b in spans) for start, end in offsets)
    return [counts.asked_word if asked else 1 for asked in inside]


def chat_documents(tokenizer: Tokenizer, chats: Iterable[Chat]) -> list[Document]:
    """Conversations that do not fit in a row are left out."""
    documents = (chat_document(tokenizer, chat) for chat in chats)
    return [document for document in documents if len(document.ids) <= CONTEXT]


def rows(groups: Groups, shares: dict[str, float], seed: int) -> Iterator[Document]:
    """Rows of CONTEXT + 1 tokens: the last is only ever a target."""
    rng = random.Random(seed)
    fillers = _shuffled(groups["tales"], rng)
    held: list[Document] = []
    for document in _mixed(groups, shares, rng):
        room = CONTEXT + 1 - sum(len(part.ids) for part in held)
        if len(document.ids) > room:
            yield _joined([*held, next(fillers)])
            held = []
        held.append(document)


def batches(stream: Iterator[Document], size: int) -> Iterator[tuple[NDArray[np.int64], ...]]:
    """(inputs, targets, weights of the targets), each [size, CONTEXT]."""
    while True:
        found = [next(stream) for _ in range(size)]
        ids = np.stack([row.ids for row in found]).astype(np.int64)
        weights = np.stack([row.weights for row in found]).astype(np.int64)
        yield ids[:, :-1], ids[:, 1:], weights[:, 1:]


def _mixed(groups: Groups, shares: dict[str, float], rng: random.Random) -> Iterator[Document]:
    """Draws groups so that each gets its share of the tokens, whatever its documents' length."""
    orders = {name: _shuffled(groups[name], rng) for name in shares}
    spent = dict.fromkeys(shares, 0.0)
    while True:
        name = min(spent, key=lambda group: spent[group] + rng.random())
        document = next(orders[name])
        spent[name] += len(document.ids) / CONTEXT / shares[name]
        yield document


def _shuffled(documents: list[Document], rng: random.Random) -> Iterator[Document]:
    order = list(documents)
    while True:
        rng.shuffle(order)
        yield from order


def _joined(documents: list[Document]) -> Document:
    """Exactly CONTEXT + 1 tokens: cut at the end, or padded with tokens that are not learnt."""
    ids = np.zeros(CONTEXT + 1, np.int16)
    weights = np.zeros(CONTEXT + 1, np.uint8)
    joined = np.concatenate([document.ids for document in documents])[: CONTEXT + 1]
    ids[: len(joined)] = joined
    weights[: len(joined)] = np.concatenate([d.weights for d in documents])[: CONTEXT + 1]
    return Document(ids, weights)


def _closed(ids: list[int], is_last: bool) -> Document:
    """A part that is still too long, because its paragraph is, loses its end."""
    kept = ids[: CONTEXT - 1]
    return _document([*kept, END], [*[1] * len(kept), int(is_last and len(kept) == len(ids))])


def _document(ids: list[int], weights: list[int]) -> Document:
    return Document(np.array(ids, np.int16), np.array(weights, np.uint8))
