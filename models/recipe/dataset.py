"""All training documents by group: corpora and chats turned into tokens.

    groups = build_groups(data, tokenizer)
    next(rows(groups, MIXTURE, SEED))

In memory: at 20 million tokens that is less than reading them back would be worth.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer

from recipe import chats
from recipe.chats import Chat
from recipe.corpora import Story, read_questions, read_training_groups
from recipe.names import renamed
from recipe.rows import Groups, chat_documents, text_documents
from recipe.settings import SEED

VARIANTS = 3  # a story is cut, its words drawn and its people named in so many ways
TEXT_GROUPS = ("simple", "children", "tales", "classics", "novels")
TOKENIZER_GROUPS = ("simple", "simple", "children", "tales")  # simple words weigh twice


def tokenizer_texts(data: Path) -> list[str]:
    groups = read_training_groups(data)
    return [story.text for name in TOKENIZER_GROUPS for story in groups[name]]


def build_groups(data: Path, tokenizer: Tokenizer) -> Groups:
    stories = read_training_groups(data)
    stories["simple"] = with_other_names(stories["simple"])
    groups = {
        name: text_documents(tokenizer, [story.text for story in stories[name]])
        for name in TEXT_GROUPS
    }
    for name, found in build_chats(data, stories).items():
        groups[name] = chat_documents(tokenizer, found)
    return groups


def with_other_names(stories: list[Story]) -> list[Story]:
    """The stories as they are, and again with other names."""
    rng = random.Random(SEED)
    others = (replace(s, text=renamed(s.text, rng)) for _ in range(VARIANTS - 1) for s in stories)
    return [*stories, *others]


def build_chats(data: Path, stories: dict[str, list[Story]]) -> dict[str, list[Chat]]:
    rng = random.Random(SEED)
    short = [*stories["simple"], *VARIANTS * [*stories["children"], *stories["tales"]]]
    common = chats.common_words(stories["simple"])
    made = {
        "continue": _each(short, lambda s: chats.make_continue(s, rng)),
        "words": _each(short, lambda s: chats.make_words(s, common, rng)),
        "about": _each(short, lambda s: chats.make_about(s, common, rng)),
        "sentences": _each(short, lambda s: chats.make_sentences(s, common, rng)),
        "title": _each(short, lambda s: chats.make_title(s, rng)),
        "questions": list(chats.make_questions(read_questions(_questions(data), "train"), rng)),
        "facts": _each(short, lambda s: chats.make_facts(s, rng)),
        "talk": list(chats.make_talk()),
    }
    return {name: [chats.with_system(c, rng) for c in found] for name, found in made.items()}


def _each(stories: Iterable[Story], make: Callable[[Story], Chat | None]) -> list[Chat]:
    return [chat for chat in map(make, stories) if chat is not None]


def _questions(data: Path) -> Path:
    return data / "fairytaleqa.jsonl"
