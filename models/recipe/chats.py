"""Conversations made out of the corpora by fixed patterns.

Every `make_x` takes a text and a random generator and returns turns, or nothing where the text
does not suit (too long, no title). Knows text only; `rows` turns it into tokens.

    make_words(story, common, rng)
    # [Turn("user", "Write a story with the words dog, rain and box."), Turn("assistant", ...)]
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from recipe.corpora import Question, Story
from recipe.facts import excerpt, pick
from recipe.titles import made_title

LONGEST = 1700  # characters: about 450 tokens, so that most chats fit in one row
COMMON_WORDS = 350  # not worth asking for
QUESTIONS_A_CHAT = 3
NUMBERS = {3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"} | {
    10: "ten",
    11: "eleven",
    12: "twelve",
    13: "thirteen",
    14: "fourteen",
}
_SENTENCE_END = re.compile(r'[.!?]"?(?=\s|$)')


@dataclass(frozen=True)
class Turn:
    """One message; `asked` are the words that it was to use."""

    role: str
    content: str
    asked: tuple[str, ...] = ()


Chat = list[Turn]

SYSTEM = (
    "You tell stories for children.",
    "You are a friendly story-teller.",
    "You are a helpful assistant.",
)
CONTINUE = (
    "Continue this story:\n\n{}",
    "Continue this story.\n\n{}",
    "What happens next?\n\n{}",
    "Please finish this story:\n\n{}",
)
WORDS = (
    "Write a story with the words {}, {} and {}.",
    "Write a short story that uses these words: {}, {}, {}.",
    "Tell me a story with these three words: {}, {}, {}.",
)
ABOUT = (
    "Write a story about {}.",
    "Tell me a story about {}.",
    "Can you tell me a short story about {}?",
)
IN_SENTENCES = (
    "Write a story about {} in {} sentences.",
    "Tell me a story about {} in {} sentences.",
    "Write a story of {1} sentences about {0}.",
)
CALLED = ('Write a story called "{}".', 'Tell me the story "{}".')
TITLE = (
    "Give this story a title:\n\n{}",
    "What is a good title for this story?\n\n{}",
)
ASK = (
    "Read this and answer the question.\n\n{}\n\nQuestion: {}",
    "{}\n\n{}",
    "Answer a question on this passage.\n\n{}\n\nQuestion: {}",
)
TALK = (
    ("Hello!", "Hello! Would you like to hear a story?"),
    ("Hi", "Hi! Tell me three words and I will make a story with them."),
    ("Who are you?", "I am a very small language model. I tell short stories."),
    ("What can you do?", "I can tell a story, continue yours, or answer a question about one."),
    ("How are you?", "I am well, thank you! Shall I tell you a story?"),
    ("Thank you!", "You are welcome! Shall I tell you another story?"),
    ("Goodbye", "Goodbye! Come back soon for another story."),
)


def make_talk() -> Iterator[Chat]:
    return (_pair(asked, answer) for asked, answer in TALK)


def make_continue(story: Story, rng: random.Random) -> Chat | None:
    ends = [match.end() for match in re.finditer(r'[.!?]"?\s+', story.text)]
    inner = [end for end in ends if 0.15 < end / len(story.text) < 0.7]
    if not inner or len(story.text) > LONGEST:
        return None
    cut = rng.choice(inner)
    asked = rng.choice(CONTINUE).format(story.text[:cut].strip())
    return _pair(asked, story.text[cut:].strip())


def make_words(story: Story, common: frozenset[str], rng: random.Random) -> Chat | None:
    words = sorted(set(_rare_words(story.text, common)))
    if len(words) < 3 or len(story.text) > LONGEST:
        return None
    asked = tuple(rng.sample(words, 3))
    return [
        Turn("user", rng.choice(WORDS).format(*asked)),
        Turn("assistant", story.text, asked),
    ]


def make_about(story: Story, common: frozenset[str], rng: random.Random) -> Chat | None:
    """A titled story by its title, any other by the word it uses most."""
    if len(story.text) > LONGEST:
        return None
    if title := short_title(story):
        return _pair(rng.choice(CALLED).format(title), story.text)
    subject = _subject(story.text, common)
    return _pair(rng.choice(ABOUT).format(subject), story.text) if subject else None


def make_sentences(story: Story, common: frozenset[str], rng: random.Random) -> Chat | None:
    """A short story by its subject and by how many sentences it has."""
    subject, count = _subject(story.text, common), count_sentences(story.text)
    if not subject or count not in NUMBERS or len(story.text) > LONGEST:
        return None
    number = rng.choice((str(count), NUMBERS[count]))
    return _pair(rng.choice(IN_SENTENCES).format(subject, number), story.text)


def make_title(story: Story, rng: random.Random) -> Chat | None:
    title = short_title(story) or made_title(story.text)
    if not title or len(story.text) > LONGEST:
        return None
    return _pair(rng.choice(TITLE).format(story.text), title)


def make_questions(asked: Iterable[Question], rng: random.Random) -> Iterator[Chat]:
    """The questions on one passage, a few to a conversation, the passage in the first."""
    by_passage: dict[str, list[Question]] = {}
    for question in asked:
        if len(question.passage) <= LONGEST:
            by_passage.setdefault(question.passage, []).append(question)
    for passage, questions in by_passage.items():
        rng.shuffle(questions)
        for start in range(0, len(questions), QUESTIONS_A_CHAT):
            yield _question_chat(passage, questions[start : start + QUESTIONS_A_CHAT], rng)


def make_facts(story: Story, rng: random.Random) -> Chat | None:
    """Questions that the story, or a piece of it, answers in its own words."""
    text = rng.choice((story.text, excerpt(story.text, rng), excerpt(story.text, rng)))
    found = pick(text, QUESTIONS_A_CHAT, rng)
    if not found or len(text) > LONGEST:
        return None
    first, *others = found
    chat = _pair(rng.choice(ASK).format(text, first.question), first.answer)
    for fact in others:
        chat += _pair(fact.question, fact.answer)
    return chat


def with_system(chat: Chat, rng: random.Random) -> Chat:
    """A system message in front of one chat in eight, so that it is neither needed nor odd."""
    return [Turn("system", rng.choice(SYSTEM)), *chat] if rng.random() < 0.125 else chat


def common_words(stories: Iterable[Story]) -> frozenset[str]:
    counts = Counter(word for story in stories for word in _lower_words(story.text))
    return frozenset(word for word, _ in counts.most_common(COMMON_WORDS))


def count_sentences(text: str) -> int:
    """
    >>> count_sentences('"Hi!" said Tom. He ran.')
    3
    """
    return len(_SENTENCE_END.findall(text))


def short_title(story: Story) -> str:
    """The last part of "Book: Tale"; empty for parts of chapters and for no title."""
    title = story.title.rsplit(": ", 1)[-1]
    return "" if "(part " in title or len(title) > 60 else title


def _question_chat(passage: str, questions: list[Question], rng: random.Random) -> Chat:
    first, *others = questions
    chat = _pair(rng.choice(ASK).format(passage, _sentence(first.question)), _answer(first))
    for question in others:
        chat += _pair(_sentence(question.question), _answer(question))
    return chat


def _answer(question: Question) -> str:
    return _sentence(question.answer).rstrip(" .") + "."


def _sentence(text: str) -> str:
    text = re.sub(r"\s+([.?!,])", r"\1", text.strip())
    return text[:1].upper() + text[1:]


def _pair(asked: str, answer: str) -> Chat:
    return [Turn("user", asked), Turn("assistant", answer)]


def _subject(text: str, common: frozenset[str]) -> str:
    """What it speaks of most, with an article; empty where no word stands out."""
    counted = Counter(_rare_words(text, common)).most_common(1)
    return _with_article(counted[0][0]) if counted and counted[0][1] >= 3 else ""


def _rare_words(text: str, common: frozenset[str]) -> list[str]:
    return [word for word in _lower_words(text) if len(word) > 2 and word not in common]


def _lower_words(text: str) -> list[str]:
    return re.findall(r"(?<![\w'])[a-z]+(?![\w'])", text)


def _with_article(word: str) -> str:
    if word.endswith("s"):
        return word
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
