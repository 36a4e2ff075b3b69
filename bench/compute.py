"""How fast each contender computes: the same weights, one after the other, in the same browser.

Every visit is a fresh browser; rounds interleave the contenders. Rates are those of a prompt of
64, 512 and 1,024 tokens (each letter is one) and of the tokens after it. Native onnxruntime, on
the same file, is the limit.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Playwright

from bench import limit, small_model
from bench.desk import Desk, open_desk
from bench.desk import visiting as undebugged
from bench.report import Comparison
from bench.visits import Visit, visiting
from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tools.site import esbuild
from tools.site.sources import Sources

ROOT = Path(__file__).resolve().parents[1]
PAGES = Path(__file__).with_name("pages")
OURS = "compute.html"
TRANSFORMERS, WLLAMA = "compute-transformers", "compute-wllama"
CONTEXTS = (64, 512, 1024)
TOKENS = 25


@dataclass(frozen=True)
class Contender:
    """A page and the model it loads; `load` and `answer` are what its jobs are told besides."""

    page: str
    model: str
    load: dict[str, object] = field(default_factory=dict)
    isolated: bool = True


UNGUESSED = {"prompt_lookup_num_tokens": 0}
# ms: after the first runs a browser compiles WebAssembly anew, which takes a core from two threads.
# Shorter than the pause after which ours measures threads.
SETTLING = 2000
CONTENDERS = {
    "intab": Contender(OURS, "converted", {"dtype": "q8"}),
    "intab, expanded": Contender(OURS, "converted", {"dtype": "q8f32"}),
    "intab, the peer's file": Contender(OURS, "export", {"dtype": "q8"}),
    "intab, one thread": Contender(OURS, "converted", {"dtype": "q8"}, isolated=False),
    "Transformers.js": Contender(f"{TRANSFORMERS}/", "export", {"threads": 2}),
    "Transformers.js, default": Contender(f"{TRANSFORMERS}/", "export", {"threads": 0}),
    "Transformers.js, one thread": Contender(
        f"{TRANSFORMERS}/", "export", {"threads": 0}, isolated=False
    ),
    "Transformers.js, our build": Contender(
        f"{TRANSFORMERS}/", "export", {"threads": 2, "plain": True}
    ),
    "Transformers.js, our kernel": Contender(
        f"{TRANSFORMERS}/", "export", {"threads": 2, "plain": True, "kernel": True}
    ),
    "wllama": Contender(f"{WLLAMA}/", "gguf", {"threads": 2}),
    "wllama, default": Contender(f"{WLLAMA}/", "gguf", {"threads": 0}),
}
# (ours, theirs, figure) -> the least ratio of their rates, by tokens of context
TARGETS: dict[tuple[str, str, str], tuple[float, ...]] = {
    ("intab", "Transformers.js", "decode"): (2, 3, 4),
    ("intab", "Transformers.js", "prefill"): (3.5, 8, 12),
    ("intab", "wllama", "decode"): (2.5, 3.5, 4.5),
    ("intab", "wllama", "prefill"): (6, 6, 6),
    ("intab, one thread", "Transformers.js, one thread", "decode"): (1, 1.3, 1),
    ("Transformers.js, our kernel", "Transformers.js, our build", "decode"): (1.5, 1.4, 1.2),
    ("intab", "native", "decode"): (0.8, 1.2, 1.5),
    ("intab", "native", "prefill"): (0.35, 0.45, 0.45),
}
UNITS = {
    "load, cold": "s",
    "load, stored": "s",
    "first token": "s",
    "peak memory": "MB",
    "page weight": "MB",
}


def prepare(site: Path) -> None:
    """Put the pages, the peers and the weights beside ours."""
    for name in ("compute.html", "compute_jobs.py", "relay.mjs"):
        shutil.copyfile(PAGES / name, site / name)
    add_transformers(site / TRANSFORMERS, "compute_transformers.mjs")
    [ours] = site.glob("runtime-*/kernels")
    for folder in (ours, ours.parent / "ort"):
        copy_site(folder, site / TRANSFORMERS / folder.name)
    add_wllama(site)
    for name in _MAKERS:
        copy_site(_weights() / name, site / "models" / name)


def add_transformers(folder: Path, jobs: str) -> None:
    """Transformers.js with the build of onnxruntime-web that it takes, in a worker."""
    _add_peer(folder, jobs, "compute.mjs", _transformers_builds())
    shutil.copyfile(PAGES / "compute_worker.mjs", folder / "start.mjs")


def add_wllama(site: Path) -> None:
    """wllama with its wasm file."""
    wasm = ROOT / "node_modules/@wllama/wllama/esm/wasm/wllama.wasm"
    _add_peer(site / WLLAMA, "compute_wllama.mjs", "start.mjs", [wasm])


def add_transformers_page(folder: Path, jobs: str) -> None:
    """Transformers.js with its build of onnxruntime-web, in the page itself."""
    _add_peer(folder, jobs, "start.mjs", _transformers_builds())


def _transformers_builds() -> list[Path]:
    runtime = "@huggingface/transformers/node_modules/onnxruntime-web/dist"
    return list((ROOT / "node_modules" / runtime).glob("ort-wasm-simd-threaded.asyncify.*"))


def add_page(folder: Path, jobs: str) -> None:
    """A page that does jobs itself."""
    _add_peer(folder, jobs, "start.mjs", [])


def _add_peer(folder: Path, jobs: str, bundle: str, runtime: list[Path]) -> None:
    folder.mkdir()
    shutil.copyfile(PAGES / "compute_peer.html", folder / "index.html")
    esbuild.run(Sources(ROOT), f"bench/pages/{jobs}", f"--outfile={folder / bundle}")
    for file in runtime:
        shutil.copyfile(file, folder / file.name)


_MAKERS = {
    "export": small_model.write_export,
    "converted": small_model.write_converted,
    "gguf": small_model.write_gguf,
}


def _weights() -> Path:
    """The folder of the models: each takes minutes to make, and other code makes them again."""
    sources = [Path(small_model.__file__), *sorted((ROOT / "app/intab/convert").rglob("*.py"))]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    kept = ROOT / "build/bench" / digest[:12]
    for old in kept.parent.glob("*"):
        if old != kept:
            shutil.rmtree(old)
    kept.mkdir(parents=True, exist_ok=True)
    for name, write in _MAKERS.items():
        if not (kept / name).exists():
            write(kept / f"{name}.new")
            (kept / f"{name}.new").rename(kept / name)
    return kept


Samples = dict[str, dict[str, list[float]]]  # figure -> contender -> one a round


def measure(playwright: Playwright, site: Path, rounds: int) -> Iterator[Comparison]:
    """All contenders in turn, `rounds` times."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    with (
        open_desk() as desk,
        serve_command(site, "--connect", desk.address) as isolated,
        serve_command(site, "--no-isolation", "--connect", desk.address) as plain,
    ):
        for name, contender in CONTENDERS.items():
            print(f"memory: {name}", file=sys.stderr, flush=True)
            base = isolated if contender.isolated else plain
            peak = peak_memory(desk, base, contender, map(_text, CONTEXTS))
            samples["peak memory"][name].append(peak / 1e6)
        for number in range(rounds):
            for name, contender in CONTENDERS.items():
                print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
                base = isolated if contender.isolated else plain
                for figure, value in _visit(playwright, base, contender):
                    print(f"  {figure}: {value:.2f}", file=sys.stderr, flush=True)
                    samples[figure][name].append(value)
            prompts = [_text(context) for context in CONTEXTS]
            for figure, value in limit.rates(_weights() / "export", prompts, TOKENS):
                samples[figure]["native"].append(value)
    for figure, found in samples.items():
        yield _comparison(figure, found)


def _visit(playwright: Playwright, site: str, contender: Contender) -> Iterator[tuple[str, float]]:
    """Every figure of one visit, and of a second one that finds the model stored."""
    base = f"{site}models/{contender.model}/"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        with visiting(playwright, Path(profile), site + contender.page) as visit:
            yield "load, cold", visit.ask(do="load", base=base, **contender.load)
            yield from rates(visit, contender)
            yield "page weight", sum(_weight(visit.fetched)) / 1e6
        with visiting(playwright, Path(profile), site + contender.page) as visit:
            yield "load, stored", visit.ask(do="load", base=base, **contender.load)


def peak_memory(desk: Desk, site: str, contender: Contender, prompts: Iterable[str]) -> int:
    """Bytes that the page's process had at most in a first visit, without a debugger."""
    options = UNGUESSED if contender.page == OURS else {}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        undebugged(desk, Path(profile), site + contender.page) as visit,
    ):
        visit.ask(do="load", base=f"{site}models/{contender.model}/", **contender.load)
        for text in prompts:
            visit.ask(do="answer", text=text, tokens=TOKENS, **options)
        return visit.peak()


def _weight(fetched: dict[str, int]) -> Iterator[int]:
    """Bytes of all but the model."""
    yield from (size for address, size in fetched.items() if "/models/" not in address)


def rates(visit: Visit, contender: Contender) -> Iterator[tuple[str, float]]:
    """The figures of a prompt of each length and of the tokens after it."""
    options = UNGUESSED if contender.page == OURS else {}
    visit.ask(do="answer", text=_text(16), tokens=2, **options)  # what runs for the first time
    visit.page.wait_for_timeout(SETTLING)
    for context in CONTEXTS:
        text = _text(context)
        first, prefill, decode = visit.ask(do="answer", text=text, tokens=TOKENS, **options)
        yield f"first token at {context}", first
        yield f"prefill at {context}", prefill
        yield f"decode at {context}", decode


def _text(tokens: int) -> str:
    """That many letters, which do not repeat soon."""
    return "".join(chr(97 + number * number * 7 % 25) for number in range(tokens))


def _comparison(figure: str, samples: dict[str, list[float]]) -> Comparison:
    """With every ratio that has a target; of what is no rate, the one against Transformers.js."""
    kind, _, context = figure.partition(" at ")
    if kind in UNITS:
        target = 0.75 if kind == "peak memory" else 1.0
        pair = ("intab", "Transformers.js")
        return Comparison(f"compute: {figure}", UNITS[kind], samples, pair, target)
    place = CONTEXTS.index(int(context))
    (pair, target), *also = [
        ((ours, theirs), least[place])
        for (ours, theirs, rate), least in TARGETS.items()
        if rate == kind
    ]
    name = f"compute: {figure}"
    return Comparison(name, "tok/s", samples, pair, target, at_least=True, also=tuple(also))
