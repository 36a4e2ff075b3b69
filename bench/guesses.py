"""What guessing gains where an answer quotes its prompt, and what it costs where it does not.

The weights are random, so the answers are given: a processor makes each of their tokens the only
likely one, and the network computes them as it would any other. A quoting answer copies its prompt,
with a word of its own after every 40 letters; a random one has the prompt's eight letters, so that
three of them often come again and mean nothing.
"""

from __future__ import annotations

import random
import string
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Playwright

from bench import compute
from bench.report import Comparison
from bench.visits import visiting
from tests.browser.conftest import serve_command

PROMPT, ANSWER, QUOTED = 400, 240, 40
OPTIONS: dict[str, dict[str, int]] = {
    "guessing": {"prompt_lookup_num_tokens": 8},
    "not guessing": {"prompt_lookup_num_tokens": 0},
}


def letters(count: int, seed: int, alphabet: str = string.ascii_letters) -> str:
    """Random letters."""
    choose = random.Random(seed).choice
    return "".join(choose(alphabet) for _ in range(count))


def quoting(prompt: str, length: int = ANSWER) -> str:
    """An answer that copies the prompt in pieces, with words of its own between them."""
    starts = [at % len(prompt) for at in range(0, length, QUOTED)]
    pieces = [prompt[at : at + QUOTED] for at in starts]
    return "".join(piece + letters(8, seed) for seed, piece in enumerate(pieces))[:length]


def measure(playwright: Playwright, site: Path, rounds: int) -> Iterator[Comparison]:
    """Both kinds of answer, with guesses and without, in turn."""
    prompt, few = letters(PROMPT, 100), string.ascii_letters[:8]
    answers = {
        "quotes": (prompt, quoting(prompt)),
        "is random": (letters(PROMPT, 101, few), letters(ANSWER, 102, few)),
    }
    samples: dict[str, dict[str, list[float]]] = {
        kind: {how: [] for how in OPTIONS} for kind in answers
    }
    contender = compute.CONTENDERS["intab"]
    with (
        serve_command(site) as address,
        tempfile.TemporaryDirectory() as profile,
        visiting(playwright, Path(profile), address + contender.page) as visit,
    ):
        visit.ask(do="load", base=f"{address}models/{contender.model}/", **contender.load)
        for _ in range(rounds):
            for kind, (text, answer) in answers.items():
                for how, options in OPTIONS.items():
                    rate = visit.ask(do="write", text=text, answer=answer, **options)
                    samples[kind][how].append(rate)
    for kind, least in (("quotes", 2), ("is random", 0.97)):
        yield Comparison(
            f"guess: an answer that {kind}",
            "tok/s",
            samples[kind],
            ("guessing", "not guessing"),
            least,
            at_least=True,
        )
