"""What of the default model's recipe needs no torch: its tasks, its measures, its baseline."""

import random

import numpy as np
import pytest

from recipe import abilities, chats, ngrams
from recipe.corpora import Story

STORY = Story(
    "tinystories",
    "",
    "A needle fell. Tim saw the needle. He gave the needle to Mom. They were glad.",
)
COMMON = frozenset({"the", "saw", "gave", "were"})


def test_five_gram_probabilities_of_all_tokens_sum_to_one() -> None:
    tables = ngrams._count(ngrams._windows([[5, 6, 7, 5, 6, 8, 5, 6, 7]]))
    last = ngrams._windows([[5, 6, 7]])[-1]
    everything = (last >> ngrams.BITS << ngrams.BITS) + np.arange(4096)
    assert ngrams._probabilities(tables, everything).sum() == pytest.approx(1)


def test_five_gram_baseline_knows_what_it_has_read() -> None:
    read = [list(range(10, 200))] * 3
    seen = ngrams.bits_a_byte(read, read[:1], 190)
    other = ngrams.bits_a_byte(read, [list(range(199, 9, -1))], 190)
    assert seen < 1 < 8 < other


def test_five_gram_discount_is_chen_and_goodmans() -> None:
    highest = ngrams._count(ngrams._windows([[5, 6, 7], [5, 6, 7], [5, 6, 8]]))[-1]
    once, twice = (highest.counts == 1).sum(), (highest.counts == 2).sum()
    assert (once, twice) == (1, 1)
    assert highest.discount == pytest.approx(1 / 3)


def test_a_story_by_its_subject_and_its_sentences() -> None:
    chat = chats.make_sentences(STORY, COMMON, random.Random(1))
    assert chat is not None
    asked, told = chat
    assert "a needle" in asked.content
    assert "4" in asked.content or "four" in asked.content
    assert told.content == STORY.text


def test_a_story_without_a_subject_is_not_asked_for() -> None:
    story = Story("tinystories", "", "A cat ran. A dog sat. A cow ate.")
    assert chats.make_sentences(story, COMMON, random.Random(1)) is None
    assert chats.make_about(story, COMMON, random.Random(1)) is None


@pytest.mark.parametrize(
    ("answer", "wanted", "score"),
    [("The red fox.", "a fox", 2 / 3), ("Fox", "the fox!", 1), ("dog", "fox", 0), ("", "fox", 0)],
)
def test_token_f1_is_squads(answer: str, wanted: str, score: float) -> None:
    assert abilities.token_f1(answer, wanted) == pytest.approx(score)


def test_distinct_and_repeated() -> None:
    assert abilities.distinct(["red fox", "red dog"], 1) == pytest.approx(3 / 4)
    assert abilities.distinct(["red fox", "red dog"], 2) == 1
    assert abilities.repeated("one two three four one two three four", 4) == pytest.approx(1 / 5)
    assert abilities.repeated("too short", 4) == 0
