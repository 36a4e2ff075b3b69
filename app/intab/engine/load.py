"""Loading a model: find its files, fetch them at once, check them, make the network.

    spec -> locate -> read_manifest -> Delivery -> Runtime.open -> Model

A `Runtime` is what a platform provides: the browser's and CPython's are in the outer rings.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol

from intab.engine import chat, hub
from intab.engine.delivery import Delivery
from intab.engine.download import (
    B,
    Body,
    Means,
    Notice,
    OnNotice,
    OnProgress,
    Progress,
    parse_object,
    silent,
)
from intab.engine.keys import ModelKey
from intab.engine.ladder import Rung, climb, rungs
from intab.engine.limits import Limits, check_fits
from intab.engine.locate import Location
from intab.engine.manifest import (
    FileEntry,
    Manifest,
    describe,
    is_template,
    is_text_file,
    parse_manifest,
    read_manifest,
)
from intab.engine.metrics import OnMetrics, Stopwatch
from intab.engine.model import Model, Texts
from intab.engine.network import Network
from intab.engine.shelf import Shelf, open_shelf
from intab.engine.tasks import all_or_first_error
from intab.engine.tokenizer import Tokenizer
from intab.engine.trial import try_out
from intab.errors import (
    DeviceError,
    DownloadError,
    ManifestError,
    ModelNotFoundError,
    StorageError,
    UnsupportedModelError,
)

_NESTED = ("text_config", "llm_config")


@dataclass(frozen=True)
class Graph(Generic[B]):
    """What a runtime needs to make a network: the graph's bodies and how to run them."""

    name: str
    body: B
    external_data: Mapping[str, B]
    config: Mapping[str, Any]
    session_options: Mapping[str, str]


class Runtime(Protocol[B]):
    """What a platform provides to load and run models."""

    @property
    def means(self) -> Means[B]:
        """Where files come from, where they are kept."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices it can run on, the default one first."""

    async def objection(self, rung: Rung) -> str:
        """Why it should not be tried, "" if nothing is known against it."""

    def limits(self, device: str) -> Limits:
        """What `device` can hold."""

    async def prepare(self, device: str) -> None:
        """Fetch and start whatever `device` needs, while the model is on its way."""

    async def open(self, graph: Graph[B], device: str) -> Network:
        """Make a network; DeviceError or UnsupportedModelError where that cannot be."""

    def remark(self, device: str) -> str:
        """What is to be said of how `device` was prepared, "" for nothing."""

    def peak_memory(self) -> int | None:
        """The most bytes that were in use so far; None where that cannot be told."""


async def load_model(
    location: Location,
    runtime: Runtime[B],
    *,
    dtype: str | None = None,
    device: str | None = None,
    keep: bool = True,
    on_progress: OnProgress | None = None,
    on_notice: OnNotice | None = None,
    on_metrics: OnMetrics | None = None,
) -> Model:
    """Load the model at `location`; LoadError says what is missing, damaged or not supported."""
    notice, watch = on_notice or silent, Stopwatch()

    def report(progress: Progress) -> None:
        watch.heard(progress.stage)
        (on_progress or silent)(progress)

    means = hub.reach(runtime.means, location)
    report(Progress("describe"))
    check_device(runtime, device)
    key = ModelKey(location.base, location.revision)
    keep = keep and location.remote
    async with open_shelf(means, key, notice, keep=keep) as shelf:
        location, manifest, online = await _describe(means, location, shelf, notice)

        def deliver(files: dict[str, FileEntry], report: OnProgress) -> Delivery[B]:
            return Delivery(means, shelf, location, files, report, notice)

        # What was loaded before stays noted until what is wanted now is there.
        whole = deliver(_recorded(shelf), silent).is_stored()
        limits = {each: runtime.limits(each) for each in runtime.devices}
        only = {"config.json": manifest.files.get("config.json", FileEntry())}
        config = _parse_config(await deliver(only, silent).get("config.json"))
        check_architecture(config)

        def stored(rung: Rung) -> bool:
            return deliver(_needed(manifest, rung.dtype), silent).is_stored()

        async def bring(rung: Rung) -> tuple[Network, Texts, bool]:
            check_fits(location.name, manifest, rung.dtype, rung.device, limits)
            delivery = deliver(_needed(manifest, rung.dtype), report)
            await delivery.check_room()
            files = [*only, *delivery.files]
            if not whole:
                await _note(shelf, location, manifest, files, means.clock.date())
            bodies = await _with(delivery.get_all(), runtime.prepare(rung.device))
            await deliver({**only, **delivery.files}, silent).tidy()
            await _note(shelf, location, manifest, files, means.clock.date())
            texts = _read_texts(bodies, config)
            graph = _graph(manifest, rung.dtype, bodies, config)
            bodies.clear()
            report(Progress("start"))
            network = await runtime.open(graph, rung.device)
            del graph  # its bytes, which the network has made its own
            test = manifest.self_test
            agree = await try_out(network, texts.tokenizer, test, rung.dtype, report)
            return network, texts, agree

        *better, last = rungs(manifest, runtime.devices, device, dtype)
        safe = bool(better) and stored(last)

        async def attempt(rung: Rung) -> tuple[Network, Texts, bool]:
            try:
                return await bring(rung)
            except (DownloadError, ModelNotFoundError, StorageError) as exc:
                if rung is last or not safe:
                    raise
                raise DeviceError(str(exc)) from exc  # what is here already does

        ladder = [*[rung for rung in better if online or stored(rung)], last]
        found = await climb(ladder, runtime, attempt)
    setting = watch.setting(on_metrics, runtime.peak_memory)
    network, texts, agree = found.reached
    reason = "; ".join(filter(None, [found.reason, runtime.remark(found.rung.device)]))
    return Model(location.name, found.rung.dtype, reason, network, texts, setting, rows_agree=agree)


async def _describe(
    means: Means[B], location: Location, shelf: Shelf[B], notice: OnNotice
) -> tuple[Location, Manifest, bool]:
    """The manifest of now, where it is, and True; where it cannot be had, those of the last visit,
    and False."""
    kept = shelf.record.get("manifest")
    patience = replace(means.patience, attempts=1) if kept else means.patience
    try:
        now = await hub.pin(means, location, patience)
        return now, await read_manifest(means, now, patience), True
    except DownloadError as exc:
        if not kept:
            raise
        notice(Notice("offline", f"{location.name} is loaded as it was stored: {exc}"))
        return location.at(shelf.record.get("commit", "")), parse_manifest(kept), False


def _recorded(shelf: Shelf[Any]) -> dict[str, FileEntry]:
    """The files of the last visit, as its manifest described them; one that is nowhere where
    there was none, or one that cannot be read."""
    nothing = {"": FileEntry()}
    try:
        entries = parse_manifest(shelf.record.get("manifest", {})).files
    except ManifestError:
        return nothing
    names = shelf.record.get("files", ())
    return {name: entries.get(name, FileEntry()) for name in names} or nothing


async def _note(
    shelf: Shelf[B], location: Location, manifest: Manifest, files: list[str], now: float
) -> None:
    """Write down what is needed, so that the next visit needs no server."""
    facts = {"name": location.name, "commit": location.commit, "files": files, "used": now}
    await shelf.note(manifest=describe(manifest), **facts)


async def _with(
    files: Coroutine[Any, Any, dict[str, B]], preparing: Coroutine[Any, Any, None]
) -> dict[str, B]:
    """The files, while the device is prepared; the first failure ends both."""
    bodies: dict[str, B] = {}

    async def fill() -> None:
        bodies.update(await files)

    await all_or_first_error([fill(), preparing])
    return bodies


def check_device(runtime: Runtime[Any], wanted: str | None) -> None:
    """DeviceError for a device that is not there, naming those there are."""
    if wanted is not None and wanted not in runtime.devices:
        raise DeviceError(
            f"There is no device {wanted!r} here; this runtime has: {', '.join(runtime.devices)}."
        )


def check_architecture(config: Mapping[str, Any]) -> None:
    """UnsupportedModelError unless the config is a decoder's that writes text."""
    names = config.get("architectures") or []
    causal = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
    if config.get("is_encoder_decoder"):
        reason = "it is an encoder-decoder"
    elif names and not any(str(name).endswith(causal) for name in names):
        reason = f"its architecture is {names[0]}"
    else:
        return
    raise UnsupportedModelError(
        f"This model cannot continue text: {reason}. Choose a decoder (…ForCausalLM)."
    )


def _parse_config(body: Body) -> dict[str, Any]:
    config = parse_object(body.text(), "config.json")
    inner: Mapping[str, Any] = next(
        (config[key] for key in _NESTED if isinstance(config.get(key), dict)), {}
    )
    return {**config, **{k: v for k, v in inner.items() if k != "architectures"}}


def _needed(manifest: Manifest, dtype: str) -> dict[str, FileEntry]:
    texts = ["tokenizer.json", *(n for n in manifest.files if is_text_file(n))]
    return {n: manifest.files.get(n, FileEntry()) for n in (*texts, *manifest.dtypes[dtype])}


def _read_texts(bodies: Mapping[str, Body], config: Mapping[str, Any]) -> Texts:
    def read(name: str) -> dict[str, Any]:
        return parse_object(bodies[name].text(), name) if name in bodies else {}

    templates = {name: bodies[name].text() for name in bodies if is_template(name)}
    tokenizer_config = read("tokenizer_config.json")
    return Texts(
        Tokenizer(bodies["tokenizer.json"].text()),
        config,
        read("generation_config.json"),
        tokenizer_config,
        chat.find_templates(tokenizer_config, templates),
    )


def _graph(
    manifest: Manifest, dtype: str, bodies: Mapping[str, B], config: Mapping[str, Any]
) -> Graph[B]:
    name, *data = manifest.dtypes[dtype]
    # External data is named in the graph relative to the graph's own folder.
    external = {path.rpartition("/")[2]: bodies[path] for path in data}
    return Graph(name, bodies[name], external, config, manifest.options_for(dtype))
