"""The wasm wheel in Chromium against the native library, string by string.

    INTAB_MATERIAL=FOLDER python -m tests.wheels.parity      records wheels/results/parity.json

Texts go to the page in batches; digests come back, and only where two differ are the strings
looked at one by one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import tokenizers
from playwright.sync_api import sync_playwright
from tokenizers import Tokenizer

from tests.wheels import compare, interpreter, subjects, texts
from tests.wheels.conftest import LOCK, wheel
from tests.wheels.interpreter import ROOT, SCRATCH, Interpreter
from tests.wheels.serving import serve
from tools import browser as finder

BATCH, GROUP = 3000, 50
RESULTS = ROOT / "wheels" / "results" / "parity.json"
LOAD = """
import compare
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_str(text)
None
"""


@dataclass
class Outcome:
    """One tokenizer's comparison."""

    tokenizer: str
    strings: int = 0
    differences: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class Batches:
    """The strings, and the same as files that the page can fetch."""

    strings: list[list[str]]
    files: list[Path]


def batches(strings: list[str]) -> Batches:
    """Split the strings and write each batch where the server finds it."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    parts = [strings[at : at + BATCH] for at in range(0, len(strings), BATCH)]
    files = [SCRATCH / f"batch-{len(strings)}-{number}.json" for number in range(len(parts))]
    for part, path in zip(parts, files, strict=True):
        path.write_text(json.dumps(part), encoding="utf-8")
    return Batches(parts, files)


def send(tab: Interpreter, work: Batches) -> None:
    """Put the comparing code and all batches into the page's file system."""
    tab.fetch("/tests/compare.py", "/lib/python3.14/site-packages/compare.py")
    for path in work.files:
        tab.fetch(f"/scratch/{path.name}", f"/{path.name}")


def load(tab: Interpreter, tokenizer: Tokenizer) -> None:
    """The same tokenizer in the page, as `tokenizer`."""
    tab.run(LOAD, text=tokenizer.to_str())


def compare_one(tab: Interpreter, name: str, tokenizer: Tokenizer, work: Batches) -> Outcome:
    """Compare one tokenizer over all batches; both sides work at the same time."""
    load(tab, tokenizer)
    outcome = Outcome(name)
    with ThreadPoolExecutor(1) as native:
        for strings, path in zip(work.strings, work.files, strict=True):
            wanted = native.submit(compare.digests, tokenizer, strings, GROUP)
            got = tab.run(f"compare.digests_of_file(tokenizer, '/{path.name}', {GROUP})")
            outcome.strings += len(strings)
            _note(outcome, tab, tokenizer, strings, zip(got, wanted.result(), strict=True))
    return outcome


def _note(
    outcome: Outcome,
    tab: Interpreter,
    tokenizer: Tokenizer,
    strings: list[str],
    pairs: Iterable[tuple[str, str]],
) -> None:
    """Find the strings behind digests that differ."""
    for group, (got, wanted) in enumerate(pairs):
        if got == wanted:
            continue
        for text in strings[group * GROUP : (group + 1) * GROUP]:
            here = compare.describe(tokenizer, text)
            there = tab.run("compare.describe(tokenizer, _json.loads(text))", text=json.dumps(text))
            if here != there:
                outcome.differences += 1
                example = f"{text!r}: {here[:300]} / {there[:300]}"
                outcome.examples = [*outcome.examples, example][:5]


def run(chosen: Iterable[tuple[str, Tokenizer]], strings: list[str]) -> list[Outcome]:
    """Compare each over the strings, a fresh page of a headless Chromium each."""
    work = batches(strings)
    outcomes, program = [], finder.find()
    with sync_playwright() as playwright, serve(interpreter.FOLDERS) as origin:
        browser = interpreter.launch(playwright, program)
        for name, tokenizer in chosen:
            with interpreter.start(browser, origin) as tab:
                tab.load(wheel("tokenizers"))
                send(tab, work)
                began = time.monotonic()
                outcomes.append(compare_one(tab, name, tokenizer, work))
                print(f"{time.monotonic() - began:.0f} s {outcomes[-1]}", flush=True)
    return outcomes


def record(outcomes: list[Outcome], command: list[str]) -> None:
    """Write down what was compared, when, and between which libraries."""
    content = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": " ".join(["python -m tests.wheels.parity", *command]),
        "native": f"tokenizers {tokenizers.__version__}",
        "wheel": wheel("tokenizers"),
        "wheel_sha256": LOCK[wheel("tokenizers")]["sha256"],
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    # Here, since the tests of `make test` use this module and have nothing of others.
    from tests.wheels.material import CORPORA, LLAMA_CPP, TOKENIZERS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strings", type=int, default=210_000, help="for each real tokenizer")
    parser.add_argument("--made", type=int, default=30_000, help="for each made one")
    options = parser.parse_args(arguments)
    lines = list(islice(filter(None, texts.corpus(CORPORA)), 5000))
    names = subjects.real_names(TOKENIZERS)
    real = ((name, subjects.real(TOKENIZERS, name)) for name in names)
    made = ((f"made/{name}", subjects.made(name, lines)) for name in subjects.MADE)
    many, some = (
        texts.mixture(texts.vectors(LLAMA_CPP), texts.corpus(CORPORA), count)
        for count in (options.strings, options.made)
    )
    outcomes = [*run(real, many), *run(made, some)]
    record(outcomes, arguments)
    return int(any(outcome.differences for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
