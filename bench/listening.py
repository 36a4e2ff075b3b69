"""Speech for long, and as it is spoken.

    make bench ARGS="hour"
    make bench ARGS="microphone --model FOLDER --sound FILE.wav"

`hour`: memory of the page's process after 5 minutes of an hour's sound and after all of it, as it
is and once JavaScript's garbage is collected; as one sound, and in blocks as a microphone gives
them. Without --model by a tiny Whisper of random weights, which is the same to memory.
`microphone`: a minute of FILE.wav, played into Chromium's microphone; how long writing down takes,
of the phrases that ended, for a second of them. FOLDER is Whisper as the hub has it or as `intab
convert` writes it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Playwright

from bench.desk import Desk, open_desk
from bench.desk import visiting as undebugged
from bench.reading import OURS, add_pages
from bench.report import Comparison
from bench.visits import JOB_MILLISECONDS
from intab.engine.media.resampling import resample
from intab.engine.media.sound import Samples
from intab.engine.media.wav import read_wav
from tests.browser.conftest import launch_args, serve_command
from tests.browser.visitor import Visitor
from tests.engine.support.sounds import as_wav, made_up

ROOT = Path(__file__).resolve().parents[1]
TINY = ROOT / "tests/golden/whisper/english"
PROGRAM = Path(__file__).with_name("pages") / "microphone.py"
RATE, PLAYED = 16_000, 48_000
EARLY, ALL, GROWTH = 5, 60, 1.02  # minutes, and the target of held memory over its first figure
COLLECTS = "--js-flags=--expose-gc"
LISTENED, FACTOR = 60, 0.5  # seconds, and the target of the real-time factor
MODEL, SOUND = "heard", "heard.f32"
WAYS = {"one sound": False, "as it comes": True}


def prepare(site: Path, model: Path | None, sound: Path | None) -> str:
    """Put the page, the model and the sound beside ours; the dtype that the model has."""
    add_pages(site)
    folder = Path(shutil.copytree(model or TINY, site / "models" / MODEL))
    (site / SOUND).write_bytes(with_pause(sound).tobytes())
    return "fp32" if (folder / "onnx/encoder_model.onnx").exists() else "q8"


def with_pause(sound: Path | None) -> Samples:
    """A sound at 16 kHz, or a made-up one, and a pause in which a phrase ends."""
    said = read_wav(sound.read_bytes()).mono if sound else made_up(6 * RATE)
    return np.concatenate([said, np.zeros(2 * RATE, np.float32)]).astype(np.float32)


def measure_hour(site: Path, dtype: str) -> Iterator[Comparison]:
    """Memory early and in the end, both ways."""
    with open_desk() as desk, serve_command(site, "--connect", desk.address) as address:
        for way, live in WAYS.items():
            found: dict[str, list[float]] = {}
            for what, size in _memory(desk, address, dtype, live=live):
                print(f"  {way}, {what}: {size / 1e6:.0f} MB", file=sys.stderr)
                found[what] = [size / 1e6]
            _, early, _, late = found
            yield Comparison(f"hour: memory, {way}", "MB", found, (late, early), GROWTH)


def _memory(desk: Desk, address: str, dtype: str, *, live: bool) -> Iterator[tuple[str, int]]:
    """Bytes of the page's process once so much was heard: as they are, and without the garbage that
    the browser has not collected yet, of which there is more the longer it has room."""
    base = f"{address}models/{MODEL}/"
    task = "automatic-speech-recognition"
    sound = {"sound": address + SOUND, "rate": RATE, "minutes": ALL}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        undebugged(desk, Path(profile), address + OURS, COLLECTS) as visit,
    ):
        visit.ask(do="load", base=base, task=task, dtype=dtype)
        visit.ask(do="begin", live=live, **sound)
        for minutes in (EARLY, ALL):
            for heard in range(1, minutes + 1):  # each in the time that a job may take
                visit.ask(do="go_on", minutes=heard)
            yield f"{minutes} minutes", visit.memory()
            visit.ask(do="collect")
            yield f"{minutes} minutes, collected", visit.memory()


def measure_microphone(
    playwright: Playwright, site: Path, dtype: str, rounds: int
) -> Iterator[Comparison]:
    """Seconds of writing down for a second of the phrases that ended."""
    samples: dict[str, list[float]] = {"writing down": [], "speech": []}
    with serve_command(site) as address, tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "said.wav"
        played = np.frombuffer((site / SOUND).read_bytes(), np.float32)
        file.write_bytes(as_wav(resample(played, RATE, PLAYED), PLAYED))
        for _ in range(rounds):
            phrases = _listen(playwright, address, file, dtype)
            ended = [(length, took) for partial, length, took, _ in phrases if not partial]
            samples["speech"].append(sum(length for length, _ in ended))
            samples["writing down"].append(sum(took for _, took in ended))
    pair = ("writing down", "speech")
    yield Comparison("microphone: real-time factor", "s", samples, pair, FACTOR)


def _listen(
    playwright: Playwright, address: str, file: Path, dtype: str
) -> list[tuple[bool, float, float, str]]:
    """What the program of the page says of each phrase."""
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    browser = playwright.chromium.launch(
        **launch_args(*fake, f"--use-file-for-fake-audio-capture={file}")
    )
    visitor = Visitor(browser.new_page()).open(address)
    call = f"print(json.dumps(await phrases({dtype!r}, {LISTENED})))"
    visitor.start(f"{PROGRAM.read_text('utf-8')}\nimport json\n{call}\n")
    visitor.expect_state("ready", timeout=JOB_MILLISECONDS)
    found = [(*row[:3], row[3]) for row in json.loads(visitor.printed().splitlines()[-1])]
    browser.close()
    for partial, length, took, text in found:
        if not partial:
            print(f"  {length:.1f} s in {took:.2f} s: {text}", file=sys.stderr, flush=True)
    return found
