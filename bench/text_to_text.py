"""Summaries: T5-small's shape with random weights in int8, the same files in the same browser.

    make bench ARGS="text2text --rounds 3"

A text of 501 tokens becomes one of 64, as `intab convert` writes the graphs (bench/text_model.py).
Transformers.js takes the likeliest token each time, whatever is asked, so that is compared; ours
with four beams, the pipeline's default, stands beside it. All have two threads. Every visit is a
fresh browser; rounds interleave the contenders, and both must write the same text.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from playwright.sync_api import Playwright

from bench import text_model
from bench.compute import SETTLING, Samples, add_transformers
from bench.desk import Desk, open_desk
from bench.desk import visiting as undebugged
from bench.reading import OURS, add_pages
from bench.report import Comparison
from bench.visits import visiting
from tests.browser.conftest import serve_command

PEER, MODEL, TASK = "text-transformers", "t5", "summarization"
WORDS, TOKENS, CALLS = 500, 64, 3


@dataclass(frozen=True)
class Contender:
    """A page, its beams, and what its `load` is told besides."""

    page: str
    beams: int = 1
    load: dict[str, object] = field(default_factory=dict)


CONTENDERS = {
    "intab": Contender(OURS),
    "intab, 4 beams": Contender(OURS, 4),
    "Transformers.js": Contender(f"{PEER}/", load={"threads": 2}),
}
PAIR = ("intab", "Transformers.js")
# figure -> (unit, target of ours over theirs)
FIGURES = {"a summary": ("s", 0.5), "peak memory": ("MB", 0.8)}


def prepare(site: Path) -> None:
    """Put the pages, the peer and the model beside ours."""
    add_pages(site)
    add_transformers(site / PEER, "pipeline_transformers.mjs")
    text_model.write(site / "models" / MODEL)


def measure(playwright: Playwright, site: Path, rounds: int) -> Iterator[Comparison]:
    """All in turn, `rounds` times."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    texts = dict[str, str]()
    with open_desk() as desk, serve_command(site, "--connect", desk.address) as address:
        for name, contender in CONTENDERS.items():
            samples["peak memory"][name].append(_peak_memory(desk, address, contender) / 1e6)
        for _ in range(rounds):
            for name, contender in CONTENDERS.items():
                seconds, texts[name] = _visit(playwright, address, contender)
                print(f"  {name}: {seconds:.2f} s: {texts[name][:60]}", file=sys.stderr, flush=True)
                samples["a summary"][name].append(seconds)
    if len({texts[name] for name in PAIR}) > 1:
        raise RuntimeError(f"They wrote different texts: {texts}")
    for figure, (unit, target) in FIGURES.items():
        yield Comparison(f"text2text: {figure}", unit, samples[figure], PAIR, target)


def _visit(playwright: Playwright, address: str, contender: Contender) -> tuple[float, str]:
    """The median of several calls, and what was written."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        visiting(playwright, Path(profile), address + contender.page) as visit,
    ):
        visit.ask(**_loading(address, contender))
        visit.ask(**_rewriting(contender))  # what runs first compiles
        visit.page.wait_for_timeout(SETTLING)
        calls = [visit.ask(**_rewriting(contender)) for _ in range(CALLS)]
        return median(seconds for seconds, _ in calls), calls[-1][1]


def _peak_memory(desk: Desk, address: str, contender: Contender) -> int:
    """Bytes that the page's process had at most in a first visit, without a debugger."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        undebugged(desk, Path(profile), address + contender.page) as visit,
    ):
        visit.ask(**_loading(address, contender))
        visit.ask(**_rewriting(contender))
        return visit.peak()


def _loading(address: str, contender: Contender) -> dict[str, object]:
    base = f"{address}models/{MODEL}/"
    return {"do": "load", "base": base, "task": TASK, "dtype": "q8", **contender.load}


def _rewriting(contender: Contender) -> dict[str, object]:
    text = " ".join(random.Random(0).choices(text_model.words(), k=WORDS))
    beams = {"beams": contender.beams} if contender.page == OURS else {}
    return {"do": "rewrite", "text": text, "tokens": TOKENS, **beams}
