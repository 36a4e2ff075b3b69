"""The same story with other names, so that who it is about has to be read and not known.

    renamed("Tim met Lily.", random.Random(0))    # "Ben met Sue."

The simple stories are few and read many times, and a quarter of them are about a Tim.
"""

from __future__ import annotations

import random
import re

# How many of the simple stories name them. Where a name fits both, the stories decided.
GIRLS = {
    "Lily": 775,
    "Sue": 355,
    "Lucy": 178,
    "Mia": 173,
    "Amy": 96,
    "Anna": 96,
    "Sara": 90,
    "Sally": 72,
    "Kitty": 48,
    "Daisy": 41,
    "Jane": 37,
    "Sarah": 34,
    "Lila": 26,
    "Molly": 25,
    "Emma": 22,
    "Jill": 17,
    "Mimi": 16,
    "Bella": 15,
    "Mary": 15,
    "Ella": 12,
    "Jenny": 11,
    "Lisa": 10,
    "Luna": 9,
    "Claire": 7,
    "Polly": 7,
    "Emily": 6,
    "Betty": 6,
    "Grace": 5,
    "Kate": 5,
    "Alice": 5,
}
BOYS = {
    "Tim": 1070,
    "Tom": 587,
    "Max": 317,
    "Sam": 305,
    "Ben": 284,
    "Spot": 207,
    "Bob": 106,
    "Timmy": 95,
    "Jack": 86,
    "John": 50,
    "Tommy": 32,
    "Joe": 31,
    "Billy": 30,
    "Buddy": 27,
    "Jimmy": 19,
    "Benny": 15,
    "Andy": 14,
    "Leo": 13,
    "Bobby": 11,
    "Fred": 10,
    "Jim": 9,
    "Peter": 9,
    "Jake": 9,
    "Danny": 8,
    "Toby": 7,
    "Rex": 6,
    "Frank": 5,
    "James": 5,
    "Tony": 5,
    "Oliver": 4,
}
_NAMES = re.compile(rf"\b({'|'.join([*GIRLS, *BOYS])})\b")


def renamed(text: str, rng: random.Random) -> str:
    """Every known name becomes another of its kind, two different ones never the same."""
    found = list(dict.fromkeys(_NAMES.findall(text)))
    new = {**_drawn(found, GIRLS, rng), **_drawn(found, BOYS, rng)}
    return _NAMES.sub(lambda match: new[match[0]], text)


def _drawn(found: list[str], kind: dict[str, int], rng: random.Random) -> dict[str, str]:
    """Rare names more often than in the corpus: by the square root of how often they stand."""
    left = {name: count**0.5 for name, count in kind.items()}
    new: dict[str, str] = {}
    for name in found:
        if name in kind:
            new[name] = rng.choices(list(left), list(left.values()))[0]
            del left[new[name]]
    return new
