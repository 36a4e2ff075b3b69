"""`make bench`: run every measurement, or those named; print and keep them (bench/results.json)."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

from bench import (
    ablation,
    cold,
    compute,
    conversation,
    delivery,
    graphs,
    guesses,
    kernel,
    masks,
    plots,
    python_share,
    reading,
    step,
    tables,
)
from bench.report import Measurement, keep, read
from tests.browser.conftest import launch_args, serve_command

SITE = Path(__file__).resolve().parents[1] / "build" / "site"


@dataclass(frozen=True)
class Setting:
    """What a benchmark gets: a copy of the site for its own pages, and how much to measure."""

    playwright: Playwright
    site: Path
    rounds: int
    megabytes: int
    model: Path | None = None
    sentences: int = 1000


def run_ablation(setting: Setting) -> Iterator[Measurement]:
    ablation.prepare(setting.site)
    yield from ablation.measure(setting.playwright, setting.site, setting.rounds)


def run_cold(setting: Setting) -> Iterator[Measurement]:
    cold.prepare(setting.site)
    with serve_command(setting.site) as address:
        launch = setting.playwright.chromium.launch
        yield cold.measure(lambda: launch(**launch_args()), address, setting.rounds)


def run_compute(setting: Setting) -> Iterator[Measurement]:
    compute.prepare(setting.site)
    yield from compute.measure(setting.playwright, setting.site, setting.rounds)


def run_conversation(setting: Setting) -> Iterator[Measurement]:
    browser = setting.playwright.chromium.launch(**launch_args())
    with serve_command(setting.site) as address:
        yield conversation.measure(browser, address, setting.rounds)
    browser.close()


def run_delivery(setting: Setting) -> Iterator[Measurement]:
    delivery.prepare(setting.site)
    with delivery.setting(setting.site, setting.megabytes, setting.rounds) as bench:
        yield from delivery.measure(bench)


def run_graphs(setting: Setting) -> Iterator[Measurement]:
    graphs.prepare(setting.site)
    yield from graphs.measure(setting.playwright, setting.site, setting.rounds)


def run_guesses(setting: Setting) -> Iterator[Measurement]:
    compute.prepare(setting.site)
    yield from guesses.measure(setting.playwright, setting.site, setting.rounds)


def run_masks(setting: Setting) -> Iterator[Measurement]:
    browser = setting.playwright.chromium.launch(**launch_args())
    with serve_command(setting.site) as address:
        yield masks.measure(browser, address)
    browser.close()


def run_reading(setting: Setting) -> Iterator[Measurement]:
    if setting.model is None:
        print("reading is left out: it needs --model, the folder of all-MiniLM-L6-v2.")
        return
    reading.prepare(setting.site, setting.model)
    yield from reading.measure(
        setting.playwright, setting.site, setting.model, setting.rounds, setting.sentences
    )


def run_share(setting: Setting) -> Iterator[Measurement]:
    browser = setting.playwright.chromium.launch(**launch_args())
    with serve_command(setting.site) as address:
        yield python_share.measure(browser, address)
    browser.close()


def run_kernel(setting: Setting) -> Iterator[Measurement]:
    kernel.prepare(setting.site)
    yield from kernel.measure(setting.playwright, setting.site, setting.rounds)


def run_step(setting: Setting) -> Iterator[Measurement]:
    step.prepare(setting.site)
    yield step.measure(setting.playwright, setting.site)


BENCHMARKS: dict[str, Callable[[Setting], Iterator[Measurement]]] = {
    "ablation": run_ablation,
    "cold": run_cold,
    "compute": run_compute,
    "conversation": run_conversation,
    "delivery": run_delivery,
    "graphs": run_graphs,
    "guess": run_guesses,
    "kernel": run_kernel,
    "masks": run_masks,
    "reading": run_reading,
    "share": run_share,
    "step": run_step,
}


def main() -> None:
    """Measure over a copy of the site, which the benchmarks add their own pages to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; left out, all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=250, help="of delivery's model")
    parser.add_argument("--model", type=Path, help="the folder of reading's model")
    parser.add_argument("--sentences", type=int, default=1000, help="of reading")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_args())
        version = f"Chromium {browser.version}"
        browser.close()
        for name in options.names or BENCHMARKS:
            site = Path(shutil.copytree(SITE, Path(scratch) / name))
            setting = Setting(
                playwright,
                site,
                options.rounds,
                options.megabytes,
                options.model,
                options.sentences,
            )
            for measurement in BENCHMARKS[name](setting):
                keep(measurement, version)
                print("\n".join(measurement.lines()), flush=True)
    plots.draw(read())
    tables.write(read())


if __name__ == "__main__":
    main()
