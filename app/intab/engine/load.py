"""Loading a model: find its files, fetch them at once, check them, make the network.

    spec -> locate -> read_manifest -> fetch and check -> Runtime.open -> Model

A `Runtime` is what a platform provides: the browser's and CPython's are in the outer rings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from intab.engine import chat
from intab.engine.download import (
    B,
    Body,
    Fetch,
    OnProgress,
    Progress,
    check_body,
    get_file,
    parse_object,
)
from intab.engine.locate import Location
from intab.engine.manifest import TEXT_FILES, FileEntry, Manifest, read_manifest
from intab.engine.metrics import OnMetrics
from intab.engine.model import Model, Network, Texts
from intab.engine.tokenizer import Tokenizer
from intab.errors import DeviceError, ManifestError, RunError, UnsupportedModelError

T = TypeVar("T")
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
    def fetch(self) -> Fetch[B]:
        """Where files come from."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices it can run on, the default one first."""

    async def prepare(self, device: str) -> None:
        """Fetch and start whatever `device` needs, while the model is on its way."""

    async def open(self, graph: Graph[B], device: str) -> Network:
        """Make a network; DeviceError or UnsupportedModelError where that cannot be."""


class _Tally:
    """Adds up the bytes that arrive, over all files, and reports them."""

    def __init__(self, files: Mapping[str, FileEntry], report: OnProgress) -> None:
        self._total = sum(max(entry.size, 0) for entry in files.values())
        self._loaded = 0
        self._report = report

    def add(self, name: str, count: int) -> None:
        self._loaded += count
        self._report(Progress("download", name, self._loaded, max(self._total, self._loaded)))


async def load_model(
    location: Location,
    runtime: Runtime[B],
    *,
    dtype: str | None = None,
    device: str | None = None,
    on_progress: OnProgress | None = None,
    on_metrics: OnMetrics | None = None,
) -> Model:
    """Load the model at `location`; LoadError says what is missing, damaged or not supported."""
    report = on_progress or _silent
    report(Progress("describe"))
    device = choose_device(runtime, device)
    manifest = await read_manifest(runtime.fetch, location)
    config = await _read_config(runtime.fetch, location, manifest)
    check_architecture(config)
    dtype, reason = manifest.choose_dtype(device, dtype)
    preparing = asyncio.ensure_future(runtime.prepare(device))
    bodies = await _fetch_all(runtime.fetch, location, _needed(manifest, dtype), report)
    texts = _read_texts(bodies, config)
    await preparing
    report(Progress("start"))
    network = await runtime.open(_graph(manifest, dtype, bodies, config), device)
    await _warm_up(network, texts.tokenizer, report)
    return Model(location.name, dtype, reason, network, texts, on_metrics)


def choose_device(runtime: Runtime[Any], wanted: str | None) -> str:
    """The wanted device, else the runtime's first; DeviceError names those there are."""
    if wanted is None:
        return runtime.devices[0]
    if wanted not in runtime.devices:
        raise DeviceError(
            f"There is no device {wanted!r} here; this runtime has: {', '.join(runtime.devices)}."
        )
    return wanted


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


async def _read_config(
    fetch: Fetch[Body], location: Location, manifest: Manifest
) -> dict[str, Any]:
    address = location.file("config.json")
    body = await get_file(fetch, address)
    entry = manifest.files.get("config.json", FileEntry())
    await check_body(body, "config.json", entry.size, entry.sha256)
    config = parse_object(body.text(), "config.json")
    inner: Mapping[str, Any] = next(
        (config[key] for key in _NESTED if isinstance(config.get(key), dict)), {}
    )
    return {**config, **{k: v for k, v in inner.items() if k != "architectures"}}


def _needed(manifest: Manifest, dtype: str) -> dict[str, FileEntry]:
    names = ["tokenizer.json", *(n for n in TEXT_FILES if n in manifest.files)]
    return {n: manifest.files.get(n, FileEntry()) for n in (*names, *manifest.dtypes[dtype])}


async def _fetch_all(
    fetch: Fetch[B], location: Location, files: Mapping[str, FileEntry], report: OnProgress
) -> dict[str, B]:
    tally = _Tally(files, report)

    async def get(name: str, entry: FileEntry) -> B:
        body = await get_file(fetch, location.file(name), lambda count: tally.add(name, count))
        await check_body(body, name, entry.size, entry.sha256)
        return body

    bodies = await _all_or_first_error([get(name, entry) for name, entry in files.items()])
    return dict(zip(files, bodies, strict=True))


async def _all_or_first_error(work: list[Coroutine[Any, Any, T]]) -> list[T]:
    """Like gather, but the first failure ends the rest, so that nothing goes on unseen."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(item) for item in work]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def _read_texts(bodies: Mapping[str, Body], config: Mapping[str, Any]) -> Texts:
    def read(name: str) -> dict[str, Any]:
        return parse_object(bodies[name].text(), name) if name in bodies else {}

    jinja = bodies.get("chat_template.jinja")
    tokenizer_config = read("tokenizer_config.json")
    return Texts(
        Tokenizer(bodies["tokenizer.json"].text()),
        config,
        read("generation_config.json"),
        tokenizer_config,
        chat.find_template(tokenizer_config, jinja.text() if jinja else None),
    )


def _graph(
    manifest: Manifest, dtype: str, bodies: Mapping[str, B], config: Mapping[str, Any]
) -> Graph[B]:
    name, *data = manifest.dtypes[dtype]
    # External data is named in the graph relative to the graph's own folder.
    external = {path.rpartition("/")[2]: bodies[path] for path in data}
    return Graph(name, bodies[name], external, config, manifest.session_options)


async def _warm_up(network: Network, tokenizer: Tokenizer, report: OnProgress) -> None:
    """Run one token, so that the first answer does not pay for first-run work."""
    report(Progress("warm up"))
    session = network.session()
    try:
        logits = await session.step([0])
    except RunError as exc:
        await network.close()
        raise DeviceError(
            f"The model loads but does not run on {network.device} ({exc}): "
            "choose another dtype or device."
        ) from exc
    finally:
        session.close()
    vocabulary = tokenizer.backend.get_vocab_size()
    if logits.size < vocabulary:
        await network.close()
        raise ManifestError(
            f"The tokenizer has {vocabulary:,} tokens, the graph only {logits.size:,} logits: "
            "they belong to different models."
        )


def _silent(progress: Progress) -> None:
    """The listener of those who have none."""
