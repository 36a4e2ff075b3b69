"""`make bench`: run every measurement, or those named; print and keep them (bench/results.json)."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

from bench import (
    ablation,
    camera,
    cold,
    compute,
    conversation,
    delivery,
    graphs,
    guesses,
    hearing,
    kernel,
    listening,
    masks,
    page_thread,
    pictures,
    plots,
    python_share,
    reading,
    real,
    step,
    tables,
    text_to_text,
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
    frames: int = 200
    sound: Path | None = None


@contextmanager
def one_browser(setting: Setting) -> Iterator[tuple[Browser, str]]:
    """A browser, and the address of the served site."""
    browser = setting.playwright.chromium.launch(**launch_args())
    with serve_command(setting.site) as address:
        yield browser, address
    browser.close()


def run_ablation(setting: Setting) -> Iterator[Measurement]:
    ablation.prepare(setting.site)
    yield from ablation.measure(setting.playwright, setting.site, setting.rounds)


def run_camera(setting: Setting) -> Iterator[Measurement]:
    camera.prepare(setting.site)
    yield from camera.measure(setting.playwright, setting.site, setting.rounds, setting.frames)


def run_cold(setting: Setting) -> Iterator[Measurement]:
    cold.prepare(setting.site)
    with serve_command(setting.site) as address:
        launch = setting.playwright.chromium.launch
        yield cold.measure(lambda: launch(**launch_args()), address, setting.rounds)


def run_compute(setting: Setting) -> Iterator[Measurement]:
    compute.prepare(setting.site)
    yield from compute.measure(setting.playwright, setting.site, setting.rounds)


def run_conversation(setting: Setting) -> Iterator[Measurement]:
    with one_browser(setting) as (browser, address):
        yield conversation.measure(browser, address, setting.rounds)


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


def run_hearing(setting: Setting) -> Iterator[Measurement]:
    if setting.model is None or setting.sound is None:
        print("hearing is left out: it needs --model, a folder of Whisper, and --sound.")
        return
    hearing.prepare(setting.site, setting.model, setting.sound)
    yield from hearing.measure(setting.playwright, setting.site, setting.rounds)


def run_hour(setting: Setting) -> Iterator[Measurement]:
    dtype = listening.prepare(setting.site, setting.model, setting.sound)
    yield from listening.measure_hour(setting.site, dtype)


def run_masks(setting: Setting) -> Iterator[Measurement]:
    masks.prepare(setting.site)
    with one_browser(setting) as (browser, address):
        yield from masks.measure(setting.playwright, browser, address)


def run_microphone(setting: Setting) -> Iterator[Measurement]:
    if setting.model is None or setting.sound is None:
        print("microphone is left out: it needs --model, a folder of Whisper, and --sound.")
        return
    dtype = listening.prepare(setting.site, setting.model, setting.sound)
    yield from listening.measure_microphone(setting.playwright, setting.site, dtype, setting.rounds)


def run_page(setting: Setting) -> Iterator[Measurement]:
    browser = setting.playwright.chromium.launch(**launch_args())
    with serve_command(setting.site) as address:
        yield page_thread.measure(browser, address, setting.site, setting.rounds)
    browser.close()


def run_pictures(setting: Setting) -> Iterator[Measurement]:
    if not pictures.prepare(setting.site, setting.model):
        print("pictures are left out: the site has no models/emoji; --model names another folder.")
        return
    with one_browser(setting) as (browser, address):
        yield pictures.measure(browser, address, 10 * setting.rounds)


def run_reading(setting: Setting) -> Iterator[Measurement]:
    if setting.model is None:
        print("reading is left out: it needs --model, the folder of all-MiniLM-L6-v2.")
        return
    reading.prepare(setting.site, setting.model)
    yield from reading.measure(
        setting.playwright, setting.site, setting.model, setting.rounds, setting.sentences
    )


def run_real(setting: Setting) -> Iterator[Measurement]:
    real.prepare(setting.site)
    yield from real.measure(setting.playwright, setting.site, setting.rounds)


def run_share(setting: Setting) -> Iterator[Measurement]:
    with one_browser(setting) as (browser, address):
        yield python_share.measure(browser, address)


def run_kernel(setting: Setting) -> Iterator[Measurement]:
    kernel.prepare(setting.site)
    yield from kernel.measure(setting.playwright, setting.site, setting.rounds)


def run_step(setting: Setting) -> Iterator[Measurement]:
    step.prepare(setting.site)
    yield step.measure(setting.playwright, setting.site)


def run_text2text(setting: Setting) -> Iterator[Measurement]:
    text_to_text.prepare(setting.site)
    yield from text_to_text.measure(setting.playwright, setting.site, setting.rounds)


BENCHMARKS: dict[str, Callable[[Setting], Iterator[Measurement]]] = {
    "ablation": run_ablation,
    "camera": run_camera,
    "cold": run_cold,
    "compute": run_compute,
    "conversation": run_conversation,
    "delivery": run_delivery,
    "graphs": run_graphs,
    "guess": run_guesses,
    "hearing": run_hearing,
    "hour": run_hour,
    "kernel": run_kernel,
    "masks": run_masks,
    "microphone": run_microphone,
    "page": run_page,
    "pictures": run_pictures,
    "reading": run_reading,
    "real": run_real,
    "share": run_share,
    "step": run_step,
    "text2text": run_text2text,
}


def main() -> None:
    """Measure over a copy of the site, which the benchmarks add their own pages to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; left out, all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=250, help="of delivery's model")
    parser.add_argument(
        "--model", type=Path, help="the folder of a model, of reading, pictures or speech"
    )
    parser.add_argument("--sentences", type=int, default=1000, help="of reading")
    parser.add_argument("--frames", type=int, default=200, help="of camera")
    parser.add_argument("--sound", type=Path, help="of speech, a WAV file at 16 kHz")
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
                options.frames,
                options.sound,
            )
            for measurement in BENCHMARKS[name](setting):
                keep(measurement, version)
                print("\n".join(measurement.lines()), flush=True)
    plots.draw(read())
    tables.write(read())


if __name__ == "__main__":
    main()
