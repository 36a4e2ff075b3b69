"""Loads models by name and remembers them: the same name twice is the same model.

A page's program runs again and again; its `await intab.load("default")` must cost nothing the
second time. A load that is under way is joined, a failed one is forgotten, a closed model and one
whose device was lost are loaded again. Cancelling one who waits does not cancel the load;
cancelling all of them does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intab.engine.generation.metrics import Metrics
from intab.engine.hub.locate import DEFAULT_ENDPOINT, Location, locate
from intab.engine.hub.model_names import Path, is_path
from intab.engine.hub.variants import Choice, PerRole
from intab.engine.io.protocols import Notice, OnProgress, Progress, Services, silent
from intab.engine.io.tasks import start_lasting
from intab.engine.loading.load import load_task
from intab.engine.model import Model
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Task
from intab.engine.tasks.text_generation import TEXT_GENERATION

if TYPE_CHECKING:
    from PIL.Image import Image

_Key = tuple[str, str, str, Hashable]


@dataclass
class Listeners:
    """The listeners to every load and every generation, e.g. a page's status line."""

    on_progress: Callable[[Progress], None] = silent
    on_loaded: Callable[[Model], None] = silent
    on_metrics: Callable[[Metrics], None] = silent
    on_notice: Callable[[Notice], None] = silent


@dataclass
class _Load:
    """A load that is under way and its listeners."""

    listeners: list[OnProgress]
    task: asyncio.Task[Any]
    waiting: int = 0

    async def wait(self) -> Any:
        """Its model. When the last one who waits is cancelled, so is the load."""
        self.waiting += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self.waiting -= 1
            if not self.waiting:
                self.task.cancel()


class Loader:
    """Loads and remembers models over one runtime; `models` is the models/ folder's address, `page`
    what relative addresses are relative to.

    `token` may be set, e.g. by a page to what its visitor typed: it is for the hub at `endpoint`,
    no other, and is kept nowhere else. `is_folder`: of this computer.
    """

    def __init__(
        self,
        runtime: Runtime[Any],
        models: str,
        endpoint: str | None = None,
        *,
        token: str = "",
        page: str | None = "",
        is_folder: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.token = token
        self._is_folder = is_folder
        self._runtime = runtime
        self._models_base = models
        self._endpoint = endpoint or DEFAULT_ENDPOINT
        self._page = page
        self._models: dict[_Key, Any] = {}
        self._loads: dict[_Key, _Load] = {}
        self.listeners = Listeners()

    @property
    def services(self) -> Services[Any]:
        """The runtime's: where models come from and are kept."""
        return self._runtime.services

    async def load(
        self,
        spec: str | Path,
        *,
        dtype: PerRole = None,
        device: PerRole = None,
        endpoint: str | Sequence[str] | None = None,
        token: str | None = None,
        subfolder: str | Path = "",
        keep: bool = True,
        on_progress: OnProgress | None = None,
        task: Task[Any] = TEXT_GENERATION,
    ) -> Any:
        """The model that `spec` names, or a pipeline of another task; see `intab.load`."""
        location = self.locate(spec, endpoint, token, subfolder)
        key = (location.address, location.graph, task.name, Choice.of(dtype, device).key)
        model = self._models.get(key)
        if model is None or model.closed or model.lost:
            load = self._under_way(key) or self._begin(
                key, location, {"task": task, "dtype": dtype, "device": device, "keep": keep}
            )
            if on_progress:
                load.listeners.append(on_progress)
            model = await load.wait()
        self.listeners.on_loaded(model)
        return model

    async def read_picture(self, source: Any) -> Image:
        """A picture, as the platform reads it."""
        return await self._runtime.read_picture(source)

    def holds(self, address: str) -> bool:
        """Whether a model from there is in memory."""
        return any(key[0] == address and not model.closed for key, model in self._models.items())

    def locate(
        self,
        spec: str | Path,
        endpoint: str | Sequence[str] | None = None,
        token: str | None = None,
        subfolder: str | Path = "",
    ) -> Location:
        """Where `spec` is; a token that is not given is ours, if the endpoint is ours too."""
        if isinstance(spec, str) and "/" in spec and not is_path(spec) and self._is_folder(spec):
            spec = f"./{spec}"  # as transformers, which asks a hub for what is no folder here
        where = self._endpoint if endpoint is None else endpoint
        first = where if isinstance(where, str) else next(iter(where), "")
        given = self.token if token is None and first == self._endpoint else token or ""
        base, page = self._models_base, self._page
        return locate(spec, base, where, token=given, page=page, subfolder=subfolder)

    def _under_way(self, key: _Key) -> _Load | None:
        load = self._loads.get(key)
        # A task of an event loop that has ended (a second asyncio.run) can never finish.
        if load is None or load.task.get_loop() is not asyncio.get_running_loop():
            return None
        return None if load.task.cancelling() else load

    def _begin(self, key: _Key, location: Location, options: Mapping[str, Any]) -> _Load:
        listeners: list[OnProgress] = [lambda progress: self.listeners.on_progress(progress)]
        work = self._load(key, location, listeners, options)
        task = start_lasting(work, f"load {location.name}")
        load = self._loads[key] = _Load(listeners, task)

        def forget(done: asyncio.Task[Any]) -> None:
            # Nobody may be waiting any more when it fails; asyncio must not complain of that.
            if not done.cancelled():
                done.exception()
            if self._loads.get(key) is load:
                del self._loads[key]

        task.add_done_callback(forget)
        return load

    async def _load(
        self, key: _Key, location: Location, listeners: list[OnProgress], options: Mapping[str, Any]
    ) -> Any:
        def report(progress: Progress) -> None:
            for listener in listeners:
                listener(progress)

        self._models[key] = await load_task(
            location,
            self._runtime,
            **options,
            on_progress=report,
            on_notice=lambda notice: self.listeners.on_notice(notice),
            on_metrics=lambda metrics: self.listeners.on_metrics(metrics),
        )
        return self._models[key]
