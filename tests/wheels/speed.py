"""How fast: `encode` in Chromium against native on one thread, and the import.

    INTAB_MATERIAL=FOLDER python -m tests.wheels.speed    prints, records wheels/results/speed.json

Both sides take turns on the same texts in one run, and each keeps its best turn, so that other
work on the machine hits both alike.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from statistics import median

from playwright.sync_api import sync_playwright
from tokenizers import Tokenizer

from tests.wheels import interpreter, texts
from tests.wheels.conftest import LOCK, wheel
from tests.wheels.interpreter import ROOT, SCRATCH, Interpreter
from tests.wheels.serving import serve
from tools import browser as finder

RESULTS = ROOT / "wheels" / "results" / "speed.json"
NAMES = ["smollm2/tokenizer.json", "bert-base-uncased/tokenizer.json", "phi-3/tokenizer.json"]
ROUNDS = 15
SET_UP = """
import json, pathlib, time
from tokenizers import Tokenizer
lines = json.loads(pathlib.Path("/lines.json").read_text())
tokenizer = Tokenizer.from_file("/tokenizer.json")
def turn():
    began = time.perf_counter()
    for line in lines:
        tokenizer.encode(line)
    return time.perf_counter() - began
turn()
"""
IMPORT = """async url => {
    const body = await (await fetch(url)).arrayBuffer();
    py.runPython("import importlib");
    const began = performance.now();
    py.unpackArchive(body, "wheel");
    const unpacked = performance.now();
    py.runPython("importlib.invalidate_caches(); import tokenizers");
    return {unpack: unpacked - began, import: performance.now() - unpacked};
}"""


def long_ones(lines: Iterable[str]) -> list[str]:
    """A few hundred paragraphs of real text."""
    return [line for line in lines if len(line) > 200][:400]


def native_turn(tokenizer: Tokenizer, work: list[str]) -> float:
    began = time.perf_counter()
    for line in work:
        tokenizer.encode(line)
    return time.perf_counter() - began


def throughput(
    tab: Interpreter, tokenizer: Tokenizer, work: list[str], rounds: int = ROUNDS
) -> dict[str, float]:
    """MB/s on both sides, and the ratio."""
    (SCRATCH / "lines.json").write_text(json.dumps(work), encoding="utf-8")
    tokenizer.save(str(SCRATCH / "tokenizer.json"))
    for name in ("lines.json", "tokenizer.json"):
        tab.fetch(f"/scratch/{name}", f"/{name}")
    tab.run(SET_UP)
    turns = [(native_turn(tokenizer, work), float(tab.run("turn()"))) for _ in range(rounds)]
    size = sum(len(line.encode()) for line in work) / 1e6
    native, browser = (size / min(times) for times in zip(*turns, strict=True))
    return {"native": round(native, 2), "browser": round(browser, 2), "ratio": browser / native}


def import_times(opener: interpreter.Opener, rounds: int) -> list[dict[str, float]]:
    """Milliseconds to unpack the downloaded bytes and to import, a fresh page each."""
    times: list[dict[str, float]] = []
    for _ in range(rounds):
        with opener() as tab:
            address = f"{tab.origin}/wheels/{wheel('tokenizers')}"
            times.append(tab.page.evaluate(IMPORT, address))
    return times


def summary(times: list[float]) -> dict[str, int]:
    return {"best": round(min(times)), "median": round(median(times))}


def measure() -> dict[str, object]:
    """Everything, in one browser."""
    # Here, since the tests of `make test` use this module and have nothing of others.
    from tests.wheels.material import CORPORA, TOKENIZERS

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    work = long_ones(islice(texts.corpus(CORPORA), 4000))
    real = {name: Tokenizer.from_file(str(TOKENIZERS / name)) for name in NAMES}
    program = finder.find()
    with sync_playwright() as playwright, serve(interpreter.FOLDERS) as origin:
        browser = interpreter.launch(playwright, program)
        with interpreter.start(browser, origin) as tab:
            tab.load(wheel("tokenizers"))
            speeds = {name: throughput(tab, each, work) for name, each in real.items()}
        times = import_times(lambda: interpreter.start(browser, origin), 9)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "wheel_sha256": LOCK[wheel("tokenizers")]["sha256"],
        "megabytes_a_second": speeds,
        "milliseconds": {step: summary([time[step] for time in times]) for step in times[0]},
    }


if __name__ == "__main__":
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(measure(), indent=2) + "\n")
    print(RESULTS.read_text())
