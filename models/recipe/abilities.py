"""What a model folder can do, asked the way a visitor asks: through the package itself.

    python models/recipe/abilities.py models/default --data FOLDER

Prints JSON: answers to FairytaleQA's test questions (token F1) and to simple ones, titles, stories
with three given words, stories of a given number of sentences, and how varied they are. Needs the
package, not torch.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import re
import string
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import intab
from recipe import chats, sources
from recipe.corpora import Question, Story, drop_asked, read_questions, read_stories
from recipe.settings import SEED

STORIES = 200  # asked for with three words
COUNTED = 100  # asked for with a number of sentences
SIMPLE_QUESTIONS = 300  # that a story answers in its own words
TITLES = 200
ANSWER = 40  # tokens
Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Abilities:
    """Shares are 0 to 1; `f1` is the mean over the questions that fit in the context."""

    f1: float
    questions: int
    too_long: int
    simple_right: float
    titles_right: float
    all_words: float
    mean_words: float
    right_sentences: float
    sentences_off: float
    distinct_1: float
    distinct_2: float
    distinct_3: float
    repeated_4: float


async def measure(folder: str, data: Path) -> Abilities:
    """All figures; seeds are fixed, so the same folder gives the same figures."""
    model = await intab.load(folder)
    held_out = list(drop_asked(read_stories(data / "stories-heldout.jsonl")))
    simple = [story for story in held_out if story.source == "tinystories"]
    common = chats.common_words(simple)
    scores, too_long = await _answers(model, read_questions(data / "fairytaleqa.jsonl", "test"))
    right = await _simple_answers(model, simple)
    used, stories = await _stories_with_words(model, simple, common)
    off = await _stories_of_length(model, simple, common)
    return Abilities(
        f1=_mean(scores),
        questions=len(scores),
        too_long=too_long,
        simple_right=_mean(right),
        titles_right=_mean(await _titles(model, simple)),
        all_words=_mean(found == 3 for found in used),
        mean_words=_mean(used),
        right_sentences=_mean(difference == 0 for difference in off),
        sentences_off=_mean(abs(difference) for difference in off),
        distinct_1=distinct(stories, 1),
        distinct_2=distinct(stories, 2),
        distinct_3=distinct(stories, 3),
        repeated_4=_mean(repeated(story, 4) for story in stories),
    )


def token_f1(answer: str, wanted: str) -> float:
    """SQuAD's: words without case, punctuation and articles (https://arxiv.org/abs/1606.05250).

    >>> token_f1("The red fox.", "a fox")
    0.6666666666666666
    """
    ours, theirs = Counter(_plain_words(answer)), Counter(_plain_words(wanted))
    same = (ours & theirs).total()
    return 2 * same / (ours.total() + theirs.total()) if same else 0.0


def distinct(texts: Iterable[str], n: int) -> float:
    """The share of different n-grams of words among all (https://arxiv.org/abs/1510.03055)."""
    grams = [gram for text in texts for gram in _grams(text, n)]
    return len(set(grams)) / max(len(grams), 1)


def repeated(text: str, n: int) -> float:
    """The share of a text's n-grams of words that stood in it before."""
    grams = _grams(text, n)
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


async def _answers(model: intab.Model, asked: Sequence[Question]) -> tuple[list[float], int]:
    scores, too_long = [], 0
    for question in asked:
        messages = _ask(chats.ASK[0].format(question.passage, question.question))
        try:
            found = await model.generate(messages, do_sample=False, max_new_tokens=ANSWER)
        except intab.errors.ContextLengthError:
            too_long += 1
        else:
            scores.append(token_f1(str(found), question.answer))
    return scores, too_long


async def _simple_answers(model: intab.Model, simple: Sequence[Story]) -> list[bool]:
    """Whether each answer has just the words it should have."""
    rng = random.Random(SEED)
    right = []
    for chat in _made(simple, lambda story: chats.make_facts(story, rng), SIMPLE_QUESTIONS):
        messages = _ask(chat[0].content)
        found = await model.generate(messages, do_sample=False, max_new_tokens=ANSWER)
        right.append(_plain_words(str(found)) == _plain_words(chat[1].content))
    return right


async def _titles(model: intab.Model, simple: Sequence[Story]) -> list[bool]:
    """Whether each story is called what the pattern of the training's titles would call it."""
    rng = random.Random(SEED)
    right = []
    for chat in _made(simple, lambda story: chats.make_title(story, rng), TITLES):
        found = await model.generate(_ask(chat[0].content), do_sample=False, max_new_tokens=ANSWER)
        right.append(_plain_words(str(found)) == _plain_words(chat[1].content))
    return right


async def _stories_with_words(
    model: intab.Model, simple: Sequence[Story], common: frozenset[str]
) -> tuple[list[int], list[str]]:
    """How many of the three words each story has, and the stories."""
    rng = random.Random(SEED)
    asked = _made(simple, lambda story: chats.make_words(story, common, rng), STORIES)
    used, stories = [], []
    for seed, chat in enumerate(asked):
        words = re.findall(r"[a-z]+", chat[0].content.partition("words")[2])
        wanted = [word for word in words if word != "and"]
        story = str(await model.generate(_ask(chat[0].content), seed=seed))
        used.append(len(set(wanted) & set(re.findall(r"[a-z]+", story.lower()))))
        stories.append(story)
    return used, stories


async def _stories_of_length(
    model: intab.Model, simple: Sequence[Story], common: frozenset[str]
) -> list[int]:
    """How many sentences too many each story has."""
    rng = random.Random(SEED)
    asked = _made(simple, lambda story: chats.make_sentences(story, common, rng), COUNTED)
    off = []
    for seed, chat in enumerate(asked):
        wanted = chats.count_sentences(chat[1].content)
        story = str(await model.generate(_ask(chat[0].content), seed=seed))
        off.append(chats.count_sentences(story) - wanted)
    return off


def _made(
    stories: Iterable[Story], make: Callable[[Story], chats.Chat | None], count: int
) -> Iterator[chats.Chat]:
    found = (chat for chat in map(make, stories) if chat)
    return itertools.islice(found, count)


def _ask(text: str) -> Messages:
    return [{"role": "user", "content": text}]


def _plain_words(text: str) -> list[str]:
    bare = text.lower().translate(str.maketrans("", "", string.punctuation))
    return [word for word in bare.split() if word not in ("a", "an", "the")]


def _grams(text: str, n: int) -> list[tuple[str, ...]]:
    words = _plain_words(text)
    return list(zip(*(words[at:] for at in range(n)), strict=False))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / max(len(found), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a model folder can do.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=sources.DATA, help="docs/model.md: the texts")
    options = parser.parse_args()
    if complaint := sources.missing(options.data):
        sys.exit(f"intab: {complaint}")
    found = asyncio.run(measure(str(options.folder.resolve()), options.data))
    print(json.dumps({name: round(value, 4) for name, value in asdict(found).items()}, indent=2))


if __name__ == "__main__":
    main()
