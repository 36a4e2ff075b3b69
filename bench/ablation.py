"""The share of each part in the speed: ours whole, and ours with one part after the other replaced
by what it improves on.

The cache goes over the public API where onnxruntime's own functions are missing, one thread is all
that a page without isolation has, and graphs and weights are other files. Guesses are tried on an
answer that quotes its prompt.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from playwright.sync_api import Playwright

from bench import compute, guesses
from bench.compute import CONTEXTS, OURS, Contender, Samples
from bench.report import Comparison
from bench.tables import ABLATION
from bench.visits import Visit, visiting
from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site, without_a_function

WHOLE = "all parts"
GUESSING, NOT_GUESSING = "guesses, where an answer quotes", "no guesses there"
ANSWER = 80
GRAPH = "onnx/model_quantized.onnx"


@dataclass(frozen=True)
class Part:
    """Ours, changed in one respect: another model, or another way to serve the site."""

    contender: Contender
    in_heap: bool = True


OURS_WHOLE = Part(Contender(OURS, "converted", {"dtype": "q8"}))
PARTS = {  # what stands in its place
    "the cache over the public API": replace(OURS_WHOLE, in_heap=False),
    "the peer's graph": Part(Contender(OURS, "export", {"dtype": "q8"})),
    "every row of logits": Part(Contender(OURS, "every-row", {"dtype": "q8"})),
    "one thread": Part(Contender(OURS, "converted", {"dtype": "q8"}, isolated=False)),
}
# A part that costs memory is not in the whole: what it would add.
ADDED = {"expanded weights": Part(Contender(OURS, "converted", {"dtype": "q8f32"}))}


def prepare(site: Path) -> None:
    """Put our page and the weights there, and a graph that computes every row."""
    compute.prepare(site)
    write_every_row(site / "models/converted", site / "models/every-row")


def write_every_row(source: Path, folder: Path) -> None:
    """The same model, its graph told once and for all that every row of logits is wanted."""
    copy_site(source, folder)
    (folder / "intab.json").unlink()  # it promises other bytes
    model = onnx.load(folder / GRAPH, load_external_data=False)
    [wanted] = [info for info in model.graph.input if info.name == "num_logits_to_keep"]
    model.graph.input.remove(wanted)
    model.graph.initializer.append(numpy_helper.from_array(np.array(0, np.int64), wanted.name))
    (folder / GRAPH).unlink()  # it is the other's as well
    onnx.save(model, folder / GRAPH)


def measure(playwright: Playwright, site: Path, rounds: int) -> Iterator[Comparison]:
    """All parts in turn, `rounds` times."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    with ExitStack() as servers, tempfile.TemporaryDirectory() as scratch:
        without = without_a_function(site, Path(scratch) / "site")
        served = {  # isolated, cache in the heap
            (True, True): servers.enter_context(serve_command(site)),
            (False, True): servers.enter_context(serve_command(site, "--no-isolation")),
            (True, False): servers.enter_context(serve_command(without)),
        }
        for number in range(rounds):
            for name, part in {WHOLE: OURS_WHOLE, **PARTS, **ADDED}.items():
                print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
                address = served[part.contender.isolated, part.in_heap]
                for figure, who, rate in _visit(playwright, address, name, part.contender):
                    samples[figure][who].append(rate)
    for figure, found in samples.items():
        yield _comparison(figure, found)


def _visit(
    playwright: Playwright, site: str, name: str, contender: Contender
) -> Iterator[tuple[str, str, float]]:
    base = f"{site}models/{contender.model}/"
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        visiting(playwright, Path(profile), site + contender.page) as visit,
    ):
        visit.ask(do="load", base=base, **contender.load)
        for figure, rate in compute.rates(visit, contender):
            if not figure.startswith("first token"):
                yield figure, name, rate
        if name == WHOLE:
            yield from _guessed(visit)


def _guessed(visit: Visit) -> Iterator[tuple[str, str, float]]:
    """Decode rates of an answer that quotes its prompt, with guesses and without."""
    for context in CONTEXTS:
        prompt = guesses.letters(context, context)
        answer = guesses.quoting(prompt, ANSWER)
        for name, options in zip((GUESSING, NOT_GUESSING), guesses.OPTIONS.values(), strict=True):
            rate = visit.ask(do="write", text=prompt, answer=answer, **options)
            yield f"decode at {context}", name, rate


def _comparison(figure: str, samples: dict[str, list[float]]) -> Comparison:
    """The rate with each part over the one without it."""
    pairs = [(WHOLE, name) for name in PARTS] + [(name, WHOLE) for name in ADDED]
    if GUESSING in samples:
        pairs.append((GUESSING, NOT_GUESSING))
    first, *others = pairs
    also = tuple((pair, 1.0) for pair in others)
    return Comparison(f"{ABLATION}{figure}", "tok/s", samples, first, 1.0, at_least=True, also=also)
