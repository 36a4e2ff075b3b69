"""Attempts to make a network of a model, one for each rung of the ladder:

room -> Delivery, while the device is prepared -> Runtime.open -> first runs
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from intab.engine.contents import (
    check_architecture,
    make_graph,
    needed_files,
    parse_config,
    read_texts,
)
from intab.engine.delivery import Delivery
from intab.engine.download import B, Means, OnNotice, OnProgress, Progress, silent
from intab.engine.ladder import Rung
from intab.engine.limits import check_fits
from intab.engine.locate import Location
from intab.engine.manifest import FileEntry, Manifest, describe, parse_manifest
from intab.engine.model import Texts
from intab.engine.network import Network
from intab.engine.recomputing import recompute_where_needed
from intab.engine.runtime import Runtime
from intab.engine.shelf import Shelf
from intab.engine.tasks import all_or_first_error
from intab.engine.trial import FirstRuns, try_out
from intab.errors import (
    DeviceError,
    DownloadError,
    ManifestError,
    ModelNotFoundError,
    StorageError,
)


@dataclass(frozen=True)
class Source:
    """A model's folder, what is in it, and whether that was learnt just now, not in an earlier
    visit."""

    location: Location
    manifest: Manifest
    online: bool


@dataclass(frozen=True)
class Made:
    """A network that runs, the texts that belong to it, and what its first runs told."""

    network: Network
    texts: Texts
    first: FirstRuns


class Attempts(Generic[B]):
    """Brings the files of a model, as a rung of the ladder needs them, and opens its network."""

    def __init__(
        self,
        runtime: Runtime[B],
        means: Means[B],
        shelf: Shelf[B],
        source: Source,
        report: OnProgress,
        notice: OnNotice,
    ) -> None:
        self._runtime = runtime
        self._means = means
        self._shelf = shelf
        self._source = source
        self._report = report
        self._notice = notice
        self._config: dict[str, Any] = {}
        self._config_file = source.manifest.entries(["config.json"])
        # What was loaded before stays noted until what is wanted now is there.
        self._has_older = self._deliver(_recorded(shelf)).is_stored()
        self._fallback: Rung | None = None

    async def read_config(self) -> None:
        """Fetch config.json; UnsupportedModelError where it is no decoder's."""
        self._config = parse_config(await self._deliver(self._config_file).get("config.json"))
        check_architecture(self._config)

    def possible(self, ladder: Sequence[Rung]) -> list[Rung]:
        """The rungs that can be tried: without a network the last, and those that are stored."""
        *better, last = ladder
        self._fallback = last if better and self._is_stored(last) else None
        return [*[rung for rung in better if self._source.online or self._is_stored(rung)], last]

    async def make(self, rung: Rung) -> Made:
        """The network of a rung. Where another is stored, one that cannot be brought is left."""
        try:
            return await self._make(rung)
        except (DownloadError, ModelNotFoundError, StorageError) as exc:
            if self._fallback in (None, rung):
                raise
            raise DeviceError(str(exc)) from exc

    async def _make(self, rung: Rung) -> Made:
        manifest = self._source.manifest
        limits = {each: self._runtime.limits(each) for each in self._runtime.devices}
        check_fits(self._source.location.name, manifest, rung.dtype, rung.device, limits)
        bodies = await self._bring(rung)
        texts = read_texts(bodies, self._config)
        graph = make_graph(manifest, rung.dtype, bodies, self._config)
        bodies.clear()
        self._report(Progress("start"))
        network = recompute_where_needed(await self._runtime.open(graph, rung.device))
        del graph  # its bytes, which the network has made its own
        test = manifest.self_test
        first = await try_out(network, texts.tokenizer, test, rung.dtype, self._report)
        return Made(network, texts, first)

    async def _bring(self, rung: Rung) -> dict[str, B]:
        """The files, noted, and nothing stored of older ones."""
        files = needed_files(self._source.manifest, rung.dtype)
        delivery = self._deliver(files, self._report)
        await delivery.check_room()
        if not self._has_older:
            await self._note(files)
        bodies = await _with(delivery.get_all(), self._runtime.prepare(rung.device))
        await self._deliver({**self._config_file, **files}).tidy()
        await self._note(files)
        return bodies

    async def _note(self, files: Iterable[str]) -> None:
        """Write down what is needed, so that the next visit needs no server."""
        location = self._source.location
        await self._shelf.note(
            manifest=describe(self._source.manifest),
            name=location.name,
            commit=location.commit,
            files=[*self._config_file, *files],
            used=self._means.clock.date(),
        )

    def _is_stored(self, rung: Rung) -> bool:
        return self._deliver(needed_files(self._source.manifest, rung.dtype)).is_stored()

    def _deliver(self, files: dict[str, FileEntry], report: OnProgress = silent) -> Delivery[B]:
        location = self._source.location
        return Delivery(self._means, self._shelf, location, files, report, self._notice)


def _recorded(shelf: Shelf[Any]) -> dict[str, FileEntry]:
    """The files of the last visit, as its manifest described them; one that is nowhere where
    there was none, or one that cannot be read."""
    nothing = {"": FileEntry()}
    try:
        manifest = parse_manifest(shelf.record.get("manifest", {}))
    except ManifestError:
        return nothing
    return manifest.entries(shelf.record.get("files", ())) or nothing


async def _with(
    files: Coroutine[Any, Any, dict[str, B]], preparing: Coroutine[Any, Any, None]
) -> dict[str, B]:
    """The files, while the device is prepared; the first failure ends both."""
    bodies: dict[str, B] = {}

    async def fill() -> None:
        bodies.update(await files)

    await all_or_first_error([fill(), preparing])
    return bodies
