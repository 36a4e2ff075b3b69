"""Titles for stories that have none, found by fixed patterns: "Mia and the Kite".

A small model that is to name a story needs thousands of examples, and the corpora have hundreds.
"""

from __future__ import annotations

import re
from collections import Counter

# Words that stand in any story, and those that the pattern takes for nouns.
_DULL = re.compile(
    "again|alone|and|best|big|bit|boys?|child|children|dad|daddy|days?|door|end|eyes|face|family|"
    "first|friends?|fun|girl|ground|hands?|head|home|house|idea|kids?|life|little|lot|man|mom|"
    "mommy|morning|most|mother|mum|mummy|name|next|night|ones?|order|others?|owner|parents|park|"
    "people|person|place|rest|right|room|said|side|something|there|things?|times?|too|top|town|"
    "walk|way|world|yard"
)
_NO_HERO = re.compile("Dad|Daddy|God|Mama|Mom|Mommy|Mr|Mrs|Mum|Mummy|Papa|The|Yet")
_NAME = re.compile(r"(?<=[a-z,] )([A-Z][a-z]+)\b")  # within a sentence
_THING = re.compile(
    r"\b(?:the|an?|his|her|their) (?:[a-z]+ )?([a-z]{3,})"
    r"(?=[.,!?]| (?:and|was|is|had|said|to|in|on|with|that|for|from|came|saw|who)\b)"
)


def made_title(text: str) -> str:
    """Who and what the story speaks of most; empty where either is named once only.

    >>> made_title("One day Mia lost a kite. So Mia looked in the tree. The wind had the kite.")
    'Mia and the Kite'
    """
    hero, thing = _most(_NAME, _NO_HERO, text), _most(_THING, _DULL, text)
    return f"{hero} and the {thing.capitalize()}" if hero and thing else ""


def _most(pattern: re.Pattern[str], without: re.Pattern[str], text: str) -> str:
    found = Counter(word for word in pattern.findall(text) if not without.fullmatch(word))
    word, count = (found.most_common(1) or [("", 0)])[0]
    return word if count >= 2 else ""
