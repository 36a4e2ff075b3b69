"""Attempts to make a network of a model, one for each candidate:

room -> Download, while the device is prepared -> Runtime.open -> first runs
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Generic, TypeVar

from intab.engine.hub.diagnosis import no_graph
from intab.engine.hub.layout import GENAI
from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import NEEDED, Manifest, describe, parse_manifest
from intab.engine.hub.variants import Choice, Variants
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.file_names import resolve
from intab.engine.io.protocols import B, OnNotice, OnProgress, Progress, Services, silent
from intab.engine.io.tasks import beside
from intab.engine.loading.download import Download
from intab.engine.loading.late_hashes import LateHashes
from intab.engine.loading.model_files import (
    find_texts,
    make_graphs,
    names_in,
    parse_config,
    read_texts,
)
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate, list_candidates
from intab.engine.runtime.limits import check_fits, fits
from intab.engine.runtime.protocols import Runtime
from intab.engine.storage.model_cache import ModelCache
from intab.engine.tasks.base import Parts, Proof, Ready, Task
from intab.errors import (
    DeviceError,
    DownloadError,
    ManifestError,
    ModelNotFoundError,
    StorageError,
)

T = TypeVar("T")
PROOFS = 8  # that are kept of a model: of its dtypes, before and after updates


@dataclass(frozen=True)
class Source:
    """A model's folder, what is in it, and whether that was learnt just now, not in an earlier
    visit."""

    location: Location
    manifest: Manifest
    online: bool


class Attempts(Generic[B, T]):
    """Brings the files of a model, as a task and a candidate need them, and opens its graphs."""

    def __init__(
        self,
        runtime: Runtime[B],
        services: Services[B],
        model_cache: ModelCache[B],
        source: Source,
        report: OnProgress,
        notice: OnNotice,
        task: Task[T],
    ) -> None:
        self._runtime = runtime
        self._task = task
        self._needs = task.needs
        self._services = services
        self._model_cache = model_cache
        self._source = source
        self._report = report
        self._notice = notice
        self._config = ModelConfig({})
        self._texts = {
            **({"tokenizer.json": "tokenizer.json"} if task.tokenizer else {}),
            **find_texts(source.location, source.manifest, task.texts),
        }
        described = "config.json" not in self._texts and GENAI in self._texts
        self._config_name = GENAI if described else "config.json"
        path = self._texts.get(self._config_name, self._config_name)
        there = path in source.manifest.files or task.config
        self._config_file = source.manifest.entries([path] if there else [])
        # What was loaded before stays noted until what is wanted now is there.
        self._has_older = self._deliver(_recorded(model_cache)).is_stored()
        self._fallback: Candidate | None = None
        self._variants = Variants(source.manifest, {})
        # Of each graph: the names of the files that its weights are in, and their paths.
        self._locations: dict[str, dict[str, str]] = {}

    async def read_config(self) -> None:
        """Fetch config.json; UnsupportedModelError if it is no decoder's, and an error that says
        what the folder is instead if it has no graph of one."""
        manifest = self._source.manifest
        for path in self._config_file:
            if self._has_graph or path in manifest.files:
                self._config = parse_config(await self._fetch(path), self._config_name)
                self._task.check(self._config)
        if not self._has_graph:
            raise no_graph(self._source.location, manifest.files, self._config, self._task.graph)

    async def _fetch(self, path: str) -> B:
        """The config; what the folder is instead if neither that nor a graph is there."""
        location, manifest = self._source.location, self._source.manifest
        try:
            return await self._deliver(self._config_file).get(path)
        except ModelNotFoundError as exc:
            if self._has_graph:
                raise
            there = manifest.files.keys() - set(NEEDED)  # which were taken to be there
            raise no_graph(location, there, {}, self._task.graph) from exc

    @property
    def _has_graph(self) -> bool:
        return any(role in self._source.manifest.roles for role in self._needs[0].roles)

    def candidates(self, choice: Choice) -> list[Candidate]:
        """The ways to run what was asked for that can be tried: without a network the last, and
        those that are stored."""
        self._variants = choice.variants(self._source.manifest, self._needs)
        device, dtype = choice.first(self._needs[0])
        *better, last = list_candidates(
            self._variants, self._runtime.devices, device, dtype, self._fits
        )
        self._fallback = last if better and self._is_stored(last) else None
        return [
            *[
                candidate
                for candidate in better
                if self._source.online or self._is_stored(candidate)
            ],
            last,
        ]

    async def make(self, candidate: Candidate) -> Ready[T]:
        """The network of a candidate. If it cannot be fetched, what is stored serves."""
        try:
            return await self._make(candidate)
        except (DownloadError, ModelNotFoundError, StorageError) as exc:
            if self._fallback in (None, candidate):
                raise
            raise DeviceError(str(exc)) from exc

    async def _make(self, candidate: Candidate) -> Ready[T]:
        """Made again if what was stored turns out to be damaged, which is fetched then."""
        self._task.check_candidate(self._variants, candidate, self._config)
        self._check_fits(candidate)
        hashes = LateHashes(self._model_cache)
        try:
            return await self._open(candidate, hashes)
        except Exception:
            if not await hashes.found_damage():
                raise
        finally:
            await hashes.end()
        return await self._open(candidate)

    async def _open(self, candidate: Candidate, hashes: LateHashes[B] | None = None) -> Ready[T]:
        bodies = await self._bring(candidate, hashes)
        named = {name: bodies[path] for name, path in self._texts.items() if path in bodies}
        graphs = make_graphs(self._variants, candidate.dtype, bodies, self._locations)
        roles = [part.role for part in self._variants.parts[candidate.dtype]]
        names = names_in(named, graphs[0].name)
        texts = read_texts(named, self._config)
        by_role = dict(zip(roles, graphs, strict=True))
        key = self._proof_key(candidate)
        proof = Proof(self._proofs.get(key))
        parts = Parts(by_role, texts, names, self._variants, candidate, proof)
        parts.settle = hashes.settle if hashes else parts.settle
        bodies.clear()
        named.clear()
        graphs.clear()
        self._report(Progress("start"))
        ready = await self._task.open(self._runtime, parts, self._report)
        await parts.settle()  # whatever the task did
        if key and proof.found is not None and proof.known is None:
            kept = list(self._proofs.items())[1 - PROOFS :]
            await self._model_cache.note(proofs=dict([*kept, (key, proof.found)]))
        return ready

    @property
    def _proofs(self) -> dict[str, bool]:
        proofs: dict[str, bool] = self._model_cache.record.get("proofs", {})
        return proofs

    def _proof_key(self, candidate: Candidate) -> str:
        """What a proof is of: these bytes, run so on this device; "" if it is not to be kept."""
        files = {**self._config_file, **self._needed(candidate.dtype)}
        stored = self._model_cache.digest_of(files)
        device = self._runtime.identity(candidate.device)
        if not stored or not device:
            return ""
        told = [stored, device, str(candidate), describe(self._source.manifest)]
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    async def _bring(self, candidate: Candidate, hashes: LateHashes[B] | None) -> dict[str, B]:
        """The files, noted, and nothing stored of older ones."""
        delivery = self._deliver(self._needed(candidate.dtype), self._report)
        await delivery.check_room()
        if not self._has_older:
            await self._note(delivery.files)
        bodies = await beside(self._in_order(delivery, candidate, hashes), self._prepare(candidate))
        await self._deliver({**self._config_file, **delivery.files}).tidy()
        await self._note(delivery.files)
        return bodies

    async def _prepare(self, candidate: Candidate) -> None:
        for device in dict.fromkeys([candidate.device, *self._variants.devices.values()]):
            await self._runtime.prepare(device)

    async def _in_order(
        self, delivery: Download[B], candidate: Candidate, hashes: LateHashes[B] | None
    ) -> dict[str, B]:
        """The graphs and the texts, then the files that the graphs name."""
        files = self._variants.dtypes[candidate.dtype]
        graphs = [name for name in files if name.endswith(".onnx")]
        guessed = set(files) - set(graphs)
        bodies = await delivery.get_all(name for name in delivery.files if name not in guessed)
        for graph in graphs:
            named = await self._runtime.data_files(bodies[graph])
            self._locations[graph] = self._resolved(graph, named)
        self._name_data(graphs)
        delivery.expect(self._needed(candidate.dtype))
        self._check_fits(candidate)
        await delivery.check_room()
        try:
            rest = [name for name in delivery.files if name not in bodies]
            return bodies | await delivery.get_all(rest, hashes)
        except ModelNotFoundError as exc:
            named = [name for graph in graphs for name in self._locations[graph]]
            raise ModelNotFoundError(
                f"{graphs[0]} has weights in {', '.join(named)}, and not all of it is there: {exc}"
            ) from exc

    def _resolved(self, graph: str, names: Iterable[str]) -> dict[str, str]:
        """The paths of the files that a graph names; ManifestError for one out of its folder."""
        try:
            return {name.removeprefix("./"): resolve(graph, name) for name in names}
        except ValueError as exc:
            raise ManifestError(f"{graph} names a file of its weights, and {exc}.") from exc

    def _name_data(self, graphs: Iterable[str]) -> None:
        """From now on the manifest says what the graphs say of their external data."""
        named = {graph: list(self._locations[graph].values()) for graph in graphs}
        self._variants = self._variants.with_data(named)
        self._source = replace(self._source, manifest=self._variants.manifest)

    def _fits(self, dtype: str, device: str) -> bool:
        return fits(self._variants, dtype, self._runtime.limits(device))

    def _check_fits(self, candidate: Candidate) -> None:
        limits = {each: self._runtime.limits(each) for each in self._runtime.devices}
        check_fits(
            self._source.location.name, self._variants, candidate.dtype, candidate.device, limits
        )

    def _needed(self, dtype: str) -> dict[str, FileEntry]:
        """What a dtype's graph needs beside config.json."""
        texts = [path for name, path in self._texts.items() if name != "config.json"]
        return self._source.manifest.entries([*texts, *self._variants.dtypes[dtype]])

    async def _note(self, files: Iterable[str]) -> None:
        """Write down what is needed, so that the next visit needs no server."""
        location = self._source.location
        await self._model_cache.note(
            manifest=describe(self._source.manifest),
            name=location.name,
            commit=location.commit,
            files=[*self._config_file, *files],
            used=self._services.clock.date(),
        )

    def _is_stored(self, candidate: Candidate) -> bool:
        return self._deliver(self._needed(candidate.dtype)).is_stored()

    def _deliver(self, files: dict[str, FileEntry], report: OnProgress = silent) -> Download[B]:
        location = self._source.location
        return Download(self._services, self._model_cache, location, files, report, self._notice)


def _recorded(model_cache: ModelCache[Any]) -> dict[str, FileEntry]:
    """The files of the last visit, as its manifest described them; one that is nowhere where
    there was none, or one that cannot be read."""
    nothing = {"": FileEntry()}
    try:
        manifest = parse_manifest(model_cache.record.get("manifest", {}))
    except ManifestError:
        return nothing
    return manifest.entries(model_cache.record.get("files", ())) or nothing
