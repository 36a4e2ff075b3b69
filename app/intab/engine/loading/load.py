"""Loading a model: find its files, fetch them at once, check them, make the network.

spec -> locate -> read_manifest -> Attempts, one for each rung -> Model
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intab.engine.generation.metrics import OnMetrics, Stopwatch
from intab.engine.hub import hub
from intab.engine.hub.inventory import read_manifest
from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import parse_manifest, with_graph
from intab.engine.io.download import B, Means, Notice, OnNotice, OnProgress, Progress, silent
from intab.engine.loading.attempts import Attempts, Source
from intab.engine.model import Model
from intab.engine.runtime.ladder import climb, rungs
from intab.engine.runtime.runtime import Runtime
from intab.engine.storage.keys import ModelKey
from intab.engine.storage.shelf import Shelf, open_shelf
from intab.errors import DeviceError, DownloadError


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
    key = ModelKey(location.address, location.revision)
    async with open_shelf(means, key, notice, keep=keep and location.remote) as shelf:
        source = await _describe(means, location, shelf, notice)
        if location.graph:
            manifest, dtype = with_graph(source.manifest, location.graph, dtype)
            source = replace(source, manifest=manifest)
        attempts = Attempts(runtime, means, shelf, source, report, notice)
        await attempts.read_config()
        ladder = attempts.possible(rungs(source.manifest, runtime.devices, device, dtype))
        found = await climb(ladder, runtime, attempts.make)
    made, rung = found.reached, found.rung
    setting = watch.setting(on_metrics, runtime.peak_memory)
    remark = runtime.remark(rung.device, int8=source.manifest.multiplies_int8(rung.dtype))
    reason = "; ".join(filter(None, [found.reason, remark]))
    return Model(
        location.name,
        rung.dtype,
        reason,
        made.network,
        made.texts,
        setting,
        rows_agree=made.first.rows_agree,
        vocabulary=made.first.vocabulary,
    )


async def _describe(
    means: Means[B], location: Location, shelf: Shelf[B], notice: OnNotice
) -> Source:
    """The manifest of now; where it cannot be had, that of the last visit."""
    kept = shelf.record.get("manifest")
    patience = replace(means.patience, attempts=1) if kept else means.patience
    try:
        now = await hub.pin(means, location, patience)
        return Source(now, await read_manifest(means, now, patience), online=True)
    except DownloadError as exc:
        if not kept:
            raise
        notice(Notice("offline", f"{location.name} is loaded as it was stored: {exc}"))
        then = location.at(shelf.record.get("commit", ""))
        return Source(then, parse_manifest(kept), online=False)


def check_device(runtime: Runtime[Any], wanted: str | None) -> None:
    """DeviceError for a device that is not there, naming those there are."""
    if wanted is not None and wanted not in runtime.devices:
        raise DeviceError(
            f"There is no device {wanted!r} here; this runtime has: {', '.join(runtime.devices)}."
        )
