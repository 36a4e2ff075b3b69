"""Speech written down: Whisper, the same files in the same browser.

    make bench ARGS="hearing --model FOLDER --sound FILE.wav --rounds 3"

FOLDER is Whisper as the hub has it (encoder_model and decoder_model_merged in onnx/), FILE.wav
speech at 16 kHz, which is repeated until it is half a minute. Both take the likeliest token each
time, with two threads, as fp32 (a file's own form). Every visit is a fresh browser; rounds
interleave the two, and both must write the same words.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Playwright

from bench.compute import SETTLING, Samples, add_transformers
from bench.desk import Desk, open_desk
from bench.desk import visiting as undebugged
from bench.reading import OURS, add_pages
from bench.report import Comparison
from bench.visits import visiting
from intab.engine.media.wav import read_wav
from tests.browser.conftest import serve_command

PEER, MODEL, SOUND = "hearing-transformers", "whisper", "sound.f32"
RATE, SECONDS, CALLS = 16_000, 30, 3
TASK = "automatic-speech-recognition"
CONTENDERS: dict[str, tuple[str, dict[str, object]]] = {
    "intab": (OURS, {}),
    "Transformers.js": (f"{PEER}/", {"threads": 2}),
}
PAIR = ("intab", "Transformers.js")
# figure -> (unit, target of ours over theirs)
FIGURES = {"half a minute": ("s", round(1 / 1.5, 2)), "peak memory": ("MB", 0.8)}


@dataclass
class Found:
    """Samples by figure and contender, and what each wrote."""

    samples: Samples = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    texts: dict[str, str] = field(default_factory=dict)


def prepare(site: Path, model: Path, sound: Path) -> None:
    """Put the pages, the peer, the model and the sound beside ours."""
    add_pages(site)
    add_transformers(site / PEER, "pipeline_transformers.mjs")
    folder = site / "models" / MODEL
    shutil.copytree(model, folder, copy_function=shutil.copyfile)
    settings = folder / "tokenizer_config.json"
    if not settings.exists():  # which Transformers.js cannot do without
        settings.write_text(json.dumps({"tokenizer_class": "WhisperTokenizer"}), "utf-8")
    (site / SOUND).write_bytes(half_a_minute(sound).tobytes())


def half_a_minute(sound: Path) -> NDArray[np.float32]:
    """The sound again and again; ValueError for another rate."""
    heard = read_wav(sound.read_bytes())
    if heard.rate != RATE:
        raise ValueError(f"{sound} has {heard.rate} samples a second, not {RATE}.")
    return np.resize(heard.mono, RATE * SECONDS).astype(np.float32)


def measure(playwright: Playwright, site: Path, rounds: int) -> Iterator[Comparison]:
    """Both in turn, `rounds` times."""
    found = Found()
    with open_desk() as desk, serve_command(site, "--connect", desk.address) as address:
        for name in CONTENDERS:
            found.samples["peak memory"][name].append(_peak_memory(desk, address, name) / 1e6)
        for _ in range(rounds):
            for name in CONTENDERS:
                seconds, found.texts[name] = _visit(playwright, address, name)
                print(
                    f"  {name}: {seconds:.2f} s: {found.texts[name]}", file=sys.stderr, flush=True
                )
                found.samples["half a minute"][name].append(seconds)
    check_words(found.texts)
    for figure, (unit, target) in FIGURES.items():
        yield Comparison(f"hearing: {figure}", unit, found.samples[figure], PAIR, target)


def _visit(playwright: Playwright, address: str, name: str) -> tuple[float, str]:
    """The median of several calls, and what was written."""
    page, load = CONTENDERS[name]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        visiting(playwright, Path(profile), address + page) as visit,
    ):
        visit.ask(**_loading(address, load))
        visit.ask(**_listening(address))  # what runs first compiles
        visit.page.wait_for_timeout(SETTLING)
        calls = [visit.ask(**_listening(address)) for _ in range(CALLS)]
        return median(seconds for seconds, _ in calls), calls[-1][1]


def _peak_memory(desk: Desk, address: str, name: str) -> int:
    """Bytes that the page's process had at most in a first visit, without a debugger."""
    page, load = CONTENDERS[name]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        undebugged(desk, Path(profile), address + page) as visit,
    ):
        visit.ask(**_loading(address, load))
        visit.ask(**_listening(address))
        return visit.peak()


def _loading(address: str, load: dict[str, object]) -> dict[str, object]:
    base = f"{address}models/{MODEL}/"
    return {"do": "load", "base": base, "task": TASK, "dtype": "fp32", **load}


def _listening(address: str) -> dict[str, object]:
    return {"do": "listen", "sound": address + SOUND, "rate": RATE}


def check_words(texts: dict[str, str]) -> None:
    """RuntimeError if the two did not write the same words."""
    ours, theirs = (re.findall(r"\w+", texts[name].lower()) for name in PAIR)
    if ours != theirs:
        raise RuntimeError(f"They wrote different words: {texts}")
