"""How a model's bytes come: against one plain fetch, against Transformers.js, after a break.

Memory is that of the page's process, from /proc: how far its peak is above what the ready page had
before the load (against the model's size), and the peak itself (against Transformers.js').
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import large_model, links
from bench.desk import Desk, Visit, open_desk, visiting
from bench.report import Comparison
from intab.engine.io.ranges import CHUNK
from tests.browser.conftest import serve_command
from tools.site import esbuild
from tools.site.sources import Sources

ROOT = Path(__file__).resolve().parents[1]
PAGES = Path(__file__).with_name("pages")
FILE = "onnx/model_quantized.onnx"
LATENCY, RATE = 0.05, 4e6  # seconds a round trip, bytes a second and connection
SHAPED_MEGABYTES = 100  # on the shaped link, where one plain fetch takes 25 s
PEER = "Transformers.js"
STORES = ("cache", "opfs", "indexeddb")


def prepare(site: Path) -> None:
    """Put the pages and the peer beside ours."""
    for name in ("delivery.html", "delivery_jobs.py", "transformers.html"):
        shutil.copyfile(PAGES / name, site / name)
    peer = site / "transformers"
    peer.mkdir()
    shutil.copyfile(PAGES / "transformers_page.mjs", peer / "page.mjs")
    esbuild.run(
        Sources(ROOT), "bench/pages/transformers_jobs.mjs", f"--outfile={peer / 'jobs.mjs'}"
    )
    runtime = ROOT / "node_modules/@huggingface/transformers/node_modules/onnxruntime-web/dist"
    for file in runtime.glob("ort-wasm-simd-threaded.asyncify.*"):
        shutil.copyfile(file, peer / file.name)


@dataclass
class Load:
    """What a load took: seconds, and bytes of memory."""

    seconds: float
    growth: int
    peak: int


@dataclass
class Bench:
    """The site, the models, and the two links; a visit is a fresh browser."""

    desk: Desk
    site: str
    fast: str
    slow: str
    megabytes: int
    rounds: int
    scratch: Path
    profiles: int = field(default=0)

    def new_profile(self) -> Path:
        """The folder of a browser that has stored nothing yet."""
        self.profiles += 1
        return self.scratch / f"profile {self.profiles}"

    @contextmanager
    def visit(self, page: str, profile: Path | None = None) -> Iterator[Visit]:
        """A ready page."""
        with visiting(self.desk, profile or self.new_profile(), self.site + page) as visit:
            yield visit


@contextmanager
def setting(site: Path, megabytes: int, rounds: int) -> Iterator[Bench]:
    """Servers and models, until the benchmarks are done."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        models = scratch / "models"
        large_model.write(models / "large", megabytes)
        large_model.write(models / "external", megabytes, external=True)
        large_model.write(models / "shaped", min(SHAPED_MEGABYTES, megabytes))
        with (
            open_desk() as desk,
            links.serving(models) as fast,
            links.serving(models, LATENCY, RATE) as slow,
        ):
            connected = (fast.rstrip("/"), slow.rstrip("/"), desk.address)
            origins = [option for origin in connected for option in ("--connect", origin)]
            with serve_command(site, *origins) as address:
                yield Bench(desk, address, fast, slow, megabytes, rounds, scratch)


def measure(bench: Bench) -> Iterator[Comparison]:
    """All of it."""
    for part in (shaped, unshaped, against_peer, interrupted, stores):
        yield from part(bench)


def shaped(bench: Bench) -> list[Comparison]:
    """A link where each connection is slow."""
    samples: dict[str, list[float]] = {"intab": [], "plain fetch": []}
    base = f"{bench.slow}shaped/"
    for _ in range(bench.rounds):
        with bench.visit("delivery.html") as visit:
            samples["intab"].append(visit.ask(do="deliver", base=base, name=FILE))
            samples["plain fetch"].append(visit.ask(do="plain", address=base + FILE))
    name = f"delivery over a link with {LATENCY * 1000:.0f} ms and {RATE / 1e6:.0f} MB/s"
    return [Comparison(name, "s", samples, ("intab", "plain fetch"), 0.25)]


def unshaped(bench: Bench) -> list[Comparison]:
    """A link as fast as the machine: all that we do to the bytes shows."""
    names = ("plain fetch", "plain fetch, kept", "intab", "intab, not kept")
    samples: dict[str, list[float]] = {name: [] for name in names}
    base = f"{bench.fast}large/"
    for _ in range(bench.rounds):
        with bench.visit("delivery.html") as visit:
            for name in names:
                keep = name.endswith("kept") != name.endswith("not kept") or name == "intab"
                to = {"address": base + FILE} if "plain" in name else {"base": base, "name": FILE}
                job = "plain" if "plain" in name else "deliver"
                samples[name].append(visit.ask(do=job, keep=keep, **to))
    return [
        Comparison("delivery, kept", "s", samples, ("intab", "plain fetch, kept"), 1.05),
        Comparison("delivery, not kept", "s", samples, ("intab, not kept", "plain fetch"), 1.05),
    ]


def against_peer(bench: Bench) -> list[Comparison]:
    """The same model loaded by us and by Transformers.js, cold and from what was stored."""
    found = []
    for model, external in (("large", False), ("external", True)):
        loads = _loads(bench, model, external=external)
        for when in ("cold", "from cache"):
            found += _compare(bench, f"{bench.megabytes} MB, {model}, {when}", loads[when])
    return found


def _loads(bench: Bench, model: str, *, external: bool) -> dict[str, dict[str, list[Load]]]:
    """When -> who -> loads."""
    pages = {"intab": "delivery.html", PEER: "transformers.html"}
    loads: dict[str, dict[str, list[Load]]] = {
        when: {who: [] for who in pages} for when in ("cold", "from cache")
    }
    for _ in range(bench.rounds):
        for who, page in pages.items():
            profile = bench.new_profile()
            more = {"external": external} if who == PEER else {}
            for when in loads:
                with bench.visit(page, profile) as visit:
                    loads[when][who].append(_load(visit, f"{bench.fast}{model}/", **more))
            shutil.rmtree(profile, ignore_errors=True)
    return loads


def _load(visit: Visit, base: str, **more: bool) -> Load:
    visit.forget_peak()
    before = visit.memory()
    seconds = visit.ask(do="load", base=base, **more)
    peak = visit.peak()
    return Load(seconds, peak - before, peak)


def _compare(bench: Bench, name: str, loads: dict[str, list[Load]]) -> list[Comparison]:
    seconds = {who: [load.seconds for load in some] for who, some in loads.items()}
    peaks = {who: [load.peak / 1e6 for load in some] for who, some in loads.items()}
    growth = {who: [load.growth / 1e6 for load in some] for who, some in loads.items()}
    growth["the model"] = [float(bench.megabytes)] * bench.rounds
    return [
        Comparison(f"{name}: loaded", "s", seconds, ("intab", PEER), 1.0),
        Comparison(f"{name}: peak memory", "MB", peaks, ("intab", PEER), 0.8),
        Comparison(f"{name}: memory a load takes", "MB", growth, ("intab", "the model"), 2.2),
    ]


def interrupted(bench: Bench) -> list[Comparison]:
    """A page is closed when it has nine tenths of the model, and opened again."""
    size = bench.megabytes * 1e6
    samples: dict[str, list[float]] = {"fetched again": [], "the model": []}
    for _ in range(bench.rounds):
        profile, before = bench.new_profile(), links.sent(bench.slow)
        with bench.visit("delivery.html", profile) as visit:
            visit.begin(do="deliver", base=f"{bench.slow}large/", name=FILE)
            while links.sent(bench.slow) - before < 0.9 * size:
                time.sleep(0.02)
        with bench.visit("delivery.html", profile) as visit:
            visit.ask(do="deliver", base=f"{bench.slow}large/", name=FILE)
        total = (links.sent(bench.slow) - before) / 1e6
        samples["fetched again"].append(total - bench.megabytes)
        samples["the model"].append(bench.megabytes)
    pair = ("fetched again", "the model")
    return [Comparison("closed at 90 % and opened again", "MB", samples, pair, 0.12)]


def stores(bench: Bench) -> list[Comparison]:
    """Chunks put into each of a browser's stores and read again; the default should be no slower
    than the others."""
    taken: dict[str, dict[str, list[float]]] = {
        verb: {kind: [] for kind in STORES} for verb in ("stored", "restored")
    }
    for _ in range(bench.rounds):
        for kind in STORES:
            with bench.visit("delivery.html") as visit:
                address = f"{bench.fast}shaped/{FILE}"
                seconds = visit.ask(do="store", kind=kind, address=address, chunk=CHUNK)
            for samples, each in zip(taken.values(), seconds, strict=True):
                samples[kind].append(each)
    size = min(SHAPED_MEGABYTES, bench.megabytes)
    pair, also = ("cache", "opfs"), ((("cache", "indexeddb"), 1.0),)
    return [
        Comparison(f"stores: {size} MB {verb}", "s", samples, pair, 1.0, also=also)
        for verb, samples in taken.items()
    ]
