"""Vectors of sentences: all-MiniLM-L6-v2 in int8, the same file in the same browser.

    make bench ARGS="reading --model FOLDER --rounds 3"

FOLDER is the model as the hub has it (Xenova/all-MiniLM-L6-v2: onnx/model_quantized.onnx, 23 MB,
and its tokenizer). The sentences are words of its vocabulary, 3 to 120 of them, half of the
sentences with 18 or fewer. Transformers.js takes 32 at a time, which it pads to the longest, or
one. Every visit is a fresh browser; rounds interleave the contenders. Both must make the same
vector of a sentence.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from playwright.sync_api import Playwright

from bench.compute import PAGES, SETTLING, Samples, add_transformers
from bench.desk import Desk, open_desk
from bench.desk import visiting as undebugged
from bench.report import Comparison
from bench.visits import visiting
from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site

OURS, PEER, MODEL = "pipeline.html", "reading-transformers", "minilm"
SENTENCE = "The children of the old king went to the forest and found a small house."
CALLS, ALIKE = 40, 0.99


@dataclass(frozen=True)
class Contender:
    """A page, how many sentences it is given at a time, and what its `load` is told besides."""

    page: str
    batch: int
    load: dict[str, object] = field(default_factory=dict)


CONTENDERS = {
    "intab": Contender(OURS, 32),
    "Transformers.js, 32 at a time": Contender(f"{PEER}/", 32, {"threads": 2}),
    "Transformers.js, one at a time": Contender(f"{PEER}/", 1, {"threads": 2}),
    "Transformers.js, default": Contender(f"{PEER}/", 32, {"threads": 0}),
}
THEIRS = [name for name in CONTENDERS if name != "intab"]
# figure -> (unit, target of ours over theirs, whether more is better)
FIGURES = {
    "sentences": ("sentences/s", 2.5, True),
    "one sentence": ("ms", 0.7, False),
    "peak memory": ("MB", 0.8, False),
}
FIRST = "first answer on a second visit"


def prepare(site: Path, model: Path) -> None:
    """Put the pages, the peer and the model beside ours."""
    add_pages(site)
    add_transformers(site / PEER, "pipeline_transformers.mjs")
    copy_site(model, site / "models" / MODEL)


def add_pages(site: Path) -> None:
    """The page of ours that does a pipeline's jobs."""
    for name in ("pipeline.html", "pipeline_jobs.py", "relay.mjs"):
        shutil.copyfile(PAGES / name, site / name)


def sentences(model: Path, count: int) -> list[str]:
    """Words of the model's vocabulary, each a token, in sentences of mixed length."""
    vocabulary = json.loads((model / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    words = sorted(word for word in vocabulary if re.fullmatch("[a-z]{3,}", word))
    rng = random.Random(0)
    lengths = [min(max(round(rng.lognormvariate(2.9, 0.7)), 3), 120) for _ in range(count)]
    return [" ".join(rng.choices(words, k=length)) for length in lengths]


def measure(
    playwright: Playwright, site: Path, model: Path, rounds: int, count: int
) -> Iterator[Comparison]:
    """All contenders in turn, `rounds` times."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    texts, vectors = sentences(model, count), dict[str, list[float]]()
    with open_desk() as desk, serve_command(site, "--connect", desk.address) as address:
        for name, contender in CONTENDERS.items():
            print(f"memory: {name}", file=sys.stderr, flush=True)
            peak = _peak_memory(desk, address, contender, texts)
            samples["peak memory"][name].append(peak / 1e6)
        for number in range(rounds):
            for name, contender in CONTENDERS.items():
                print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
                for figure, value in _visit(playwright, address, contender, texts, vectors):
                    print(f"  {figure}: {value:.2f}", file=sys.stderr, flush=True)
                    samples[figure][name].append(value)
            for name, seconds in _second_visits(playwright, address):
                print(f"  {FIRST}, {name}: {seconds:.2f}", file=sys.stderr, flush=True)
                samples[FIRST][name].append(seconds)
    check_alike(vectors)
    for figure, (unit, target, more) in FIGURES.items():
        pair, *also = [(("intab", name), target) for name in THEIRS]
        yield Comparison(
            f"reading: {figure}", unit, samples[figure], *pair, at_least=more, also=tuple(also)
        )
    yield Comparison(f"reading: {FIRST}", "s", samples[FIRST], ("MiniLM", "default model"), 1.5)


def _visit(
    playwright: Playwright,
    address: str,
    contender: Contender,
    texts: list[str],
    vectors: dict[str, list[float]],
) -> Iterator[tuple[str, float]]:
    """Every figure of one visit."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        visiting(playwright, Path(profile), address + contender.page) as visit,
    ):
        told = visit.ask(do="load", base=f"{address}models/{MODEL}/", **contender.load)
        print(f"  {told}", file=sys.stderr, flush=True)
        vectors[contender.page] = visit.ask(do="vector", text=SENTENCE)
        batch = contender.batch
        visit.ask(do="encode", texts=texts[: 2 * batch], batch=batch)  # what runs first compiles
        visit.page.wait_for_timeout(SETTLING)
        yield "one sentence", median(visit.ask(do="latency", text=SENTENCE, times=CALLS))
        yield "sentences", len(texts) / visit.ask(do="encode", texts=texts, batch=batch)


def _peak_memory(desk: Desk, address: str, contender: Contender, texts: list[str]) -> int:
    """Bytes that the page's process had at most in a first visit, without a debugger."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        undebugged(desk, Path(profile), address + contender.page) as visit,
    ):
        visit.ask(do="load", base=f"{address}models/{MODEL}/", **contender.load)
        visit.ask(do="encode", texts=texts, batch=contender.batch)
        return visit.peak()


def _second_visits(playwright: Playwright, address: str) -> Iterator[tuple[str, float]]:
    """Seconds from opening the page to the first answer, with a model that is stored."""
    base = f"{address}models/{MODEL}/"
    jobs: dict[str, list[dict[str, object]]] = {
        "MiniLM": [{"do": "load", "base": base}, {"do": "vector", "text": SENTENCE}],
        "default model": [{"do": "write", "text": SENTENCE}],
    }
    for name, asked in jobs.items():
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            for second in (False, True):
                with visiting(playwright, Path(profile), address + OURS) as visit:
                    for job in asked:
                        visit.ask(**job)
                    seconds = visit.page.evaluate("(Date.now() - performance.timeOrigin) / 1000")
                    if second:
                        yield name, seconds


def check_alike(vectors: dict[str, list[float]]) -> None:
    """RuntimeError if two contenders' vectors of a sentence, of length 1, are not alike."""
    ours, theirs = (vectors[page] for page in (OURS, f"{PEER}/"))
    near = sum(a * b for a, b in zip(ours, theirs, strict=True))
    if not near > ALIKE:
        raise RuntimeError(f"The vectors of one sentence differ: their product is {near:.3f}.")
