"""Loading a model: find its files, fetch them at once, check them, make the network.

spec -> locate -> read_manifest -> Attempts, one for each candidate -> Model
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from intab.engine.generation.metrics import OnMetrics, Stopwatch
from intab.engine.hub import client as hub
from intab.engine.hub.listing import read_manifest
from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import lone_graph, parse_manifest, with_graph
from intab.engine.hub.variants import Choice, PerRole
from intab.engine.io.protocols import B, Notice, OnNotice, OnProgress, Progress, Services, silent
from intab.engine.loading.fallbacks import Attempts, Source
from intab.engine.model import Model
from intab.engine.runtime.candidates import first_that_works
from intab.engine.runtime.protocols import Runtime
from intab.engine.storage.keys import ModelKey
from intab.engine.storage.model_cache import ModelCache, open_model_cache
from intab.engine.tasks.base import Card, Task, needed_files
from intab.engine.tasks.text_generation import TEXT_GENERATION
from intab.errors import DeviceError, DownloadError

T = TypeVar("T")


async def load_task(
    location: Location,
    runtime: Runtime[B],
    task: Task[T],
    *,
    dtype: PerRole = None,
    device: PerRole = None,
    keep: bool = True,
    on_progress: OnProgress | None = None,
    on_notice: OnNotice | None = None,
    on_metrics: OnMetrics | None = None,
) -> T:
    """Load the model at `location`; LoadError says what is missing, damaged or not supported."""
    notice, watch = on_notice or silent, Stopwatch()

    def report(progress: Progress) -> None:
        watch.heard(progress.stage)
        (on_progress or silent)(progress)

    services = hub.reach(runtime.services, location)
    report(Progress("describe"))
    choice = Choice.of(dtype, device)
    for each in choice.all_devices:
        check_device(runtime, each)
    key = ModelKey(location.address, location.revision)
    async with open_model_cache(
        services, key, notice, keep=keep and location.remote
    ) as model_cache:
        source = await _describe(services, location, model_cache, notice, task)
        if graph := location.graph or lone_graph(source.manifest, task.needs[0]):
            roles = task.needs[0].roles
            asked = choice.first(task.needs[0])[1]
            manifest, dtype = with_graph(source.manifest, graph, asked, roles)
            source = replace(source, manifest=manifest)
            choice = choice.of_graph(dtype)
        attempts = Attempts(runtime, services, model_cache, source, report, notice, task)
        await attempts.read_config()
        candidates = attempts.candidates(choice)
        found = await first_that_works(candidates, runtime, attempts.make)
    candidate = found.candidate
    setting = watch.setting(on_metrics, runtime.peak_memory, runtime.bring)
    remark = runtime.remark(candidate.device, int8=source.manifest.multiplies_int8(candidate.dtype))
    reason = "; ".join(filter(None, [found.reason, remark]))
    return found.reached.build(Card(location.name, candidate.dtype, reason, setting))


async def load_model(location: Location, runtime: Runtime[B], **options: Any) -> Model:
    """Load a model that continues text; the options of `load_task`."""
    return await load_task(location, runtime, TEXT_GENERATION, **options)


async def _describe(
    services: Services[B],
    location: Location,
    model_cache: ModelCache[B],
    notice: OnNotice,
    task: Task[Any],
) -> Source:
    """The manifest of now; where it cannot be had, that of the last visit."""
    kept = model_cache.record.get("manifest")
    retry_policy = replace(services.retry_policy, attempts=1) if kept else services.retry_policy
    try:
        now = await hub.pin(services, location, retry_policy)
        needed = needed_files(task)
        manifest = await read_manifest(services, now, retry_policy, task.needs, task.texts, needed)
        return Source(now, manifest, online=True)
    except DownloadError as exc:
        if not kept:
            raise
        notice(Notice("offline", f"{location.name} is loaded as it was stored: {exc}"))
        then = location.at(model_cache.record.get("commit", ""))
        return Source(then, parse_manifest(kept), online=False)


def check_device(runtime: Runtime[Any], wanted: str) -> None:
    """DeviceError for a device that is not there, naming those there are."""
    if wanted not in runtime.devices:
        raise DeviceError(
            f"There is no device {wanted!r} here; this runtime has: {', '.join(runtime.devices)}."
        )
