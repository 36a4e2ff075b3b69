"""Packs documents into rows of CONTEXT tokens, for ever, in a seeded random order.

A row holds whole documents (a story, a conversation, a piece of a long tale), each closed by
<|endoftext|>; what is left at its end is filled with the first part of another tale. So a row
never starts in the middle of a story that fits in one, and a chat never loses its beginning.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from recipe.chats import Chat
from recipe.corpora import paragraphs_up_to
from recipe.settings import CONTEXT, END_OF_TEXT, IM_END, IM_START, SPECIAL_TOKENS

PART = 1800  # characters: about 450 tokens
END = SPECIAL_TOKENS.index(END_OF_TEXT)
IGNORED = -100  # cross-entropy's ignore_index
Ids = NDArray[np.int16]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Document:
    """Token ids, and for each whether it is to be learnt."""

    ids: Ids
    learnt: Mask


Groups = dict[str, list[Document]]


def text_documents(tokenizer: Tokenizer, texts: list[str]) -> list[Document]:
    """Long texts in parts of whole paragraphs; only the last part teaches where a text ends."""
    parted = [list(paragraphs_up_to(text, PART)) for text in texts]
    parts = [part for parts in parted for part in parts]
    is_last = [at == len(parts) - 1 for parts in parted for at in range(len(parts))]
    encoded = tokenizer.encode_batch_fast(parts)
    return [_closed(e.ids, last) for e, last in zip(encoded, is_last, strict=True)]


def chat_document(tokenizer: Tokenizer, chat: Chat) -> Document:
    """Same text as the chat template gives; the assistant's words and their end are learnt."""
    ids: list[int] = []
    learnt: list[bool] = []
    for turn in chat:
        head = tokenizer.encode(f"{IM_START}{turn.role}\n").ids
        body = tokenizer.encode(f"{turn.content}{IM_END}").ids
        ids += [*head, *body, *tokenizer.encode("\n").ids]
        learnt += [*[False] * len(head), *[turn.role == "assistant"] * len(body), False]
    ids.append(END)
    return _document(ids, [*learnt, False])


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
    """(inputs, targets), each [size, CONTEXT]; a target that is not learnt is IGNORED."""
    while True:
        found = [next(stream) for _ in range(size)]
        ids = np.stack([row.ids for row in found]).astype(np.int64)
        targets = np.where(np.stack([row.learnt for row in found]), ids, IGNORED)
        yield ids[:, :-1], targets[:, 1:]


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
    learnt = np.zeros(CONTEXT + 1, np.bool_)
    joined = np.concatenate([document.ids for document in documents])[: CONTEXT + 1]
    ids[: len(joined)] = joined
    learnt[: len(joined)] = np.concatenate([d.learnt for d in documents])[: CONTEXT + 1]
    return Document(ids, learnt)


def _closed(ids: list[int], is_last: bool) -> Document:
    """A part that is still too long, because its paragraph is, loses its end."""
    kept = ids[: CONTEXT - 1]
    return _document([*kept, END], [*[True] * len(kept), is_last and len(kept) == len(ids)])


def _document(ids: list[int], learnt: list[bool]) -> Document:
    return Document(np.array(ids, np.int16), np.array(learnt, np.bool_))
