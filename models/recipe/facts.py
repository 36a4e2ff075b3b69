"""Questions that a sentence of a story answers in its own words, found by fixed patterns.

    list(facts("Tim saw a big dog. Mia was sad."))
    # [Fact("What did Tim see?", "A big dog."), Fact("Who saw a big dog?", "Tim."), ...]

FairytaleQA's questions ask for more than a model of a few million parameters can do; these teach it
to look into the passage at all.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

VERBS = {
    "ate": "eat",
    "bought": "buy",
    "caught": "catch",
    "found": "find",
    "got": "get",
    "had": "have",
    "heard": "hear",
    "liked": "like",
    "lost": "lose",
    "loved": "love",
    "made": "make",
    "met": "meet",
    "saw": "see",
    "took": "take",
    "wanted": "want",
}
FEELINGS = "afraid|angry|brave|excited|glad|happy|hungry|kind|lonely|proud|sad|scared|sick|tired"
PEOPLE = "boy|girl|dog|cat|bird|bear|bunny|man|woman|fish|fox|frog"
ARTICLES = "a|an|the|his|her|some|two|three"
_NO_NAME = re.compile(
    "After|All|And|But|Each|Everyone|He|Her|His|If|It|Its|Mama|Mommy|My|Nobody|One|She|So|Some|"
    "Someone|Soon|That|The|Their|Then|There|They|This|We|What|When|Who|You|Your"
)
_NAMED = re.compile(rf"\b({PEOPLE}) named ([A-Z]\w+)")
_DID = re.compile(rf"\b([A-Z][a-z]+) ({'|'.join(VERBS)}) ((?:{ARTICLES}) [a-z' ]{{2,40}})[.,!]")
_FELT = re.compile(rf"\b([A-Z][a-z]+) (?:was|felt) (?:very |so )?({FEELINGS})\b")
_WENT = re.compile(r"\b([A-Z][a-z]+) (?:went|ran|walked) to (the [a-z]+)\b")
_REST = re.compile(r" (?:and|that|who|to|with|in|on|for|from|but|so|as|at|by|of)\b.*")


@dataclass(frozen=True)
class Fact:
    """A question and its answer."""

    question: str
    answer: str


def facts(text: str) -> Iterator[Fact]:
    """All that the patterns find, in no order that means anything.

    >>> [fact.answer for fact in facts("A girl named Mia saw a red hat in the sun.")]
    ['Mia.', 'A red hat.', 'Mia.']
    """
    for kind, name in _NAMED.findall(text):
        yield Fact(f"What was the name of the {kind}?", f"{name}.")
    for name, verb, thing in _of_names(_DID.findall(text)):
        found = _REST.sub("", thing)
        yield Fact(f"What did {name} {VERBS[verb]}?", f"{found[:1].upper()}{found[1:]}.")
        yield Fact(f"Who {verb} {found}?", f"{name}.")
    for name, feeling in _of_names(_FELT.findall(text)):
        yield Fact(f"How did {name} feel?", f"{feeling.capitalize()}.")
    for name, place in _of_names(_WENT.findall(text)):
        yield Fact(f"Where did {name} go?", f"To {place}.")


def excerpt(text: str, rng: random.Random) -> str:
    """Two to six sentences in a row: visitors ask about short passages."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    count = rng.randint(2, 6)
    start = rng.randrange(max(1, len(sentences) - count))
    return " ".join(sentences[start : start + count])


def pick(text: str, count: int, rng: random.Random) -> list[Fact]:
    """Up to `count` questions that the text answers in one way only."""
    answers: dict[str, set[str]] = {}
    for fact in facts(text):
        answers.setdefault(fact.question, set()).add(fact.answer)
    clear = [Fact(asked, *found) for asked, found in answers.items() if len(found) == 1]
    return rng.sample(clear, min(count, len(clear)))


def _of_names(found: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    return (match for match in found if not _NO_NAME.fullmatch(match[0]))
