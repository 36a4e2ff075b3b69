"""A classifier on the camera: frames a second (of `--frames`, 200 unasked), memory after ten times
as many.

    make bench ARGS="camera --rounds 3"

The model is camera_model.py's, in float32; the camera is Chromium's, which plays a Y4M file that is
made here, 640 x 480 at 60 frames a second. Transformers.js takes each frame of a canvas as its
guides do; the plain page scales by the canvas and calls onnxruntime-web with two threads. All wait
for a frame that is new. Every visit is a fresh browser; rounds interleave the contenders.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, Playwright, expect

from bench import camera_model
from bench.compute import PAGES, Samples, add_page, add_transformers_page
from bench.report import Comparison
from bench.visits import JOB_MILLISECONDS, LISTEN, memory_of, renderer
from tests.browser.conftest import launch_args, serve_command
from tests.browser.visitor import Visitor

PROGRAM = (PAGES / "camera.py").read_text("utf-8")
MODEL, TRANSFORMERS, PLAIN = "squeezenet", "camera-transformers", "camera-plain"
SIZE, RATE, PICTURES = (480, 640), 60, 30
WARM, MANY = 20, 10  # frames before, and how many times as many memory is looked at after
LEAST, GROWTH = 1.3, 1.1


def prepare(site: Path) -> None:
    """Put the pages, the peers and the model beside ours."""
    shutil.copyfile(PAGES / "relay.mjs", site / "relay.mjs")
    add_transformers_page(site / TRANSFORMERS, "camera_transformers.mjs")
    add_page(site / PLAIN, "camera_plain.mjs")
    [runtime] = site.glob("runtime-*/ort")
    shutil.copytree(runtime, site / PLAIN / "ort")
    camera_model.write(site / "models" / MODEL)


def write_film(path: Path) -> None:
    """Noise in blocks that move, as Y4M: YUV 4:2:0."""
    height, width = SIZE
    blocks = np.random.default_rng(0).integers(0, 256, (height // 16, width // 16), np.uint8)
    frame = blocks.repeat(16, 0).repeat(16, 1)
    colour = np.full(height * width // 2, 128, np.uint8).tobytes()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(PICTURES):
            file.write(b"FRAME\n" + np.roll(frame, 16 * number, 1).tobytes() + colour)


def measure(playwright: Playwright, site: Path, rounds: int, frames: int) -> Iterator[Comparison]:
    """All contenders in turn, `rounds` times; then ours for long."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    contenders = {"intab": _ours, "Transformers.js": _theirs, "onnxruntime-web": _plain}
    with serve_command(site) as address, tempfile.TemporaryDirectory() as scratch:
        film = Path(scratch) / "film.y4m"
        write_film(film)
        for number in range(rounds):
            for name, contender in contenders.items():
                with _camera(playwright, film) as (page, _):
                    seconds = contender(page, address, frames)
                rate = frames / seconds
                print(f"round {number + 1}: {name}: {rate:.1f}", file=sys.stderr, flush=True)
                samples["rate"][name].append(rate)
        with _camera(playwright, film) as (page, profile):
            early, late = _memory(page, profile, address, frames)
    pairs = [(("intab", name), LEAST) for name in contenders if name != "intab"]
    yield Comparison(
        "camera: frames", "frames/s", samples["rate"], *pairs[0], at_least=True, also=(pairs[1],)
    )
    sizes = {
        f"after {MANY * frames:,} frames": [late / 1e6],
        f"after {frames} frames": [early / 1e6],
    }
    over, under = sizes
    yield Comparison("camera: memory", "MB", sizes, (over, under), GROWTH)


@contextmanager
def _camera(playwright: Playwright, film: Path) -> Iterator[tuple[Page, Path]]:
    """A page of a browser whose camera plays the film, and the browser's profile."""
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    arguments = launch_args(*fake, f"--use-file-for-fake-video-capture={film}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        context = playwright.chromium.launch_persistent_context(profile, **arguments)
        context.set_default_timeout(JOB_MILLISECONDS)
        yield context.new_page(), Path(profile)
        context.close()


def _ours(page: Page, address: str, frames: int) -> float:
    """Seconds, as the program in the page says them."""
    visitor = Visitor(page).open(address)
    visitor.start(PROGRAM + f"\nprint(await seconds({WARM}, {frames}))")
    visitor.expect_state("ready", timeout=JOB_MILLISECONDS)
    return float(visitor.printed())


def _memory(page: Page, profile: Path, address: str, frames: int) -> tuple[int, int]:
    """Bytes of the page's process after some frames, and after many."""
    visitor = Visitor(page).open(address)
    program = f"""
print(await seconds(0, {frames}))
print(await seconds(0, {(MANY - 1) * frames}), 'end')
"""
    visitor.start(PROGRAM + program)
    expect(visitor.output).to_contain_text(".", timeout=JOB_MILLISECONDS)
    early = memory_of(renderer(profile))
    expect(visitor.output).to_contain_text("end", timeout=JOB_MILLISECONDS)
    return early, memory_of(renderer(profile))


def _theirs(page: Page, address: str, frames: int) -> float:
    return _asked(page, f"{address}{TRANSFORMERS}/", f"{address}models/{MODEL}/", frames)


def _plain(page: Page, address: str, frames: int) -> float:
    return _asked(page, f"{address}{PLAIN}/", f"{address}models/{MODEL}/onnx/model.onnx", frames)


def _asked(page: Page, address: str, model: str, frames: int) -> float:
    """Seconds, as the peer's page says them; RuntimeError if it failed."""
    page.add_init_script(LISTEN)
    page.goto(address, wait_until="commit")
    page.evaluate("() => heard")
    job = {"do": "seconds", "model": model, "warm": WARM, "frames": frames}
    found = json.loads(page.evaluate("(job) => ask(job)", json.dumps(job)))
    if "error" in found:
        raise RuntimeError(found["error"])
    return float(found["seconds"])
