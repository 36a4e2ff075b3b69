"""Reads the corpora: one JSON object a line.

    read_training_groups(data)["simple"]      # the TinyStories

Knows the sources' names and which texts to hold back, but no tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

NOVEL_STRIDE = 8  # every eighth novel chapter is plenty at this size

GROUP_OF_SOURCE = {
    "tinystories": "simple",
    "african-storybook-en": "children",
    "pratham-storyweaver-en": "children",
    "bookdash-en": "children",
    "fairytaleqa": "tales",
    "gutenberg-children": "tales",
    "standardebooks-xhtml": "tales",
    "classic-books-markdown": "classics",
}

# Held back from training: FairytaleQA asks about these in its validation and test splits.
ASKED_TITLES = (
    "Allerleirauh",
    "The Enchanted Wreath",
    "The Fox and the Wolf",
    "The Golden Goose",
    "Prince Hyacinth and the Dear Little Princess",
    "The Sleeping Beauty in the Wood",
    "The Battle of the Birds",
    "The Enchanted Deer",
    "The False Prince and the True",
    "The Flower Queen's Daughter",
    "The Four Gifts",
    "The Sea King's Gift",
)


@dataclass(frozen=True)
class Story:
    """One story, chapter or part of a chapter; TinyStories have an empty title."""

    source: str
    title: str
    text: str


@dataclass(frozen=True)
class Question:
    """A passage, what is asked about it, and the answer."""

    split: str
    title: str
    passage: str
    question: str
    answer: str


def read_stories(path: Path) -> list[Story]:
    return [Story(line["source"], line["title"], line["text"]) for line in _lines(path)]


def read_questions(path: Path, split: str) -> list[Question]:
    found = (
        Question(line["split"], line["title"], line["section"], line["question"], line["answer"])
        for line in _lines(path)
    )
    return [question for question in found if question.split == split]


def read_training_groups(data: Path) -> dict[str, list[Story]]:
    """The training texts by group, without the tales that FairytaleQA's tests ask about."""
    groups: dict[str, list[Story]] = {"novels": read_stories(data / "novels.jsonl")[::NOVEL_STRIDE]}
    for story in drop_asked(read_stories(data / "stories.jsonl")):
        groups.setdefault(GROUP_OF_SOURCE[story.source], []).append(story)
    return groups


def drop_asked(stories: Iterable[Story]) -> Iterator[Story]:
    titles = tuple(title.lower() for title in ASKED_TITLES)
    return (s for s in stories if not any(title in s.title.lower() for title in titles))


def paragraphs_up_to(text: str, longest: int) -> Iterator[str]:
    """The text in parts of whole paragraphs, each as long as `longest` characters allow.

    >>> list(paragraphs_up_to("a\\n\\nbb\\n\\nc", 6))
    ['a\\n\\nbb', 'c']
    """
    part = ""
    for paragraph in text.split("\n\n"):
        if part and len(part) + 2 + len(paragraph) > longest:
            yield part
            part = ""
        part = f"{part}\n\n{paragraph}" if part else paragraph
    yield part


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
