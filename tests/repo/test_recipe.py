"""What of the default model's recipe needs no torch: its tasks, its measures, its baseline."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from recipe import abilities, chats, facts, ngrams, rows, sources
from recipe.corpora import Story
from recipe.settings import Weights

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


def test_facts_are_what_a_sentence_says() -> None:
    text = "A boy named Tim saw a big dog. He was sad. Mia felt very happy. Mia ran to the park."
    assert {(fact.question, fact.answer) for fact in facts.facts(text)} == {
        ("What was the name of the boy?", "Tim."),
        ("What did Tim see?", "A big dog."),
        ("Who saw a big dog?", "Tim."),
        ("How did Mia feel?", "Happy."),
        ("Where did Mia go?", "To the park."),
    }


def test_a_question_with_two_answers_is_not_asked() -> None:
    text = "Tim was sad. Later Tim was happy. Mia was glad."
    found = facts.pick(text, 3, random.Random(1))
    assert found == [facts.Fact("How did Mia feel?", "Glad.")]


def test_an_answer_and_the_asked_words_count_more_than_the_rest_of_a_chat() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "needle": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    long = chats.Turn("assistant", "the needle " * 30, ("needle",))
    short = [chats.Turn("user", "the needle"), chats.Turn("assistant", "the needle")]
    story = rows.chat_document(tokenizer, [long]).weights
    answer = rows.chat_document(tokenizer, short).weights
    assert set(story) == {0, 1, Weights().asked_word}
    assert set(answer) == {0, Weights().answer}


def test_texts_that_are_missing_are_one_sentence(tmp_path: Path) -> None:
    assert "stories.jsonl (TinyStories, " in sources.missing(tmp_path)
    assert "make model DATA=FOLDER" in sources.missing(tmp_path)
    for name in sources.FILES:
        (tmp_path / name).touch()
    assert sources.missing(tmp_path) == ""


def test_training_asks_for_its_texts_first(tmp_path: Path) -> None:
    script = sources.ROOT / "models/recipe/sources.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == sources.missing(tmp_path)
