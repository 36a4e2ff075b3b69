"""Loads models by name and remembers them: the same name twice is the same model.

A page's program runs again and again; its `await intab.load("default")` must cost nothing the
second time. A load that is under way is joined, a failed one is forgotten, a closed model is loaded
anew. Cancelling one who waits does not cancel the load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from intab.engine.download import OnProgress, Progress
from intab.engine.load import Runtime, load_model
from intab.engine.locate import DEFAULT_ENDPOINT, Location, locate
from intab.engine.metrics import Metrics
from intab.engine.model import Model

_Key = tuple[str, str | None, str | None]


@dataclass
class Listeners:
    """Who is told of every load and every generation, e.g. a page's status line."""

    on_progress: Callable[[Progress], None] = lambda progress: None
    on_loaded: Callable[[Model], None] = lambda model: None
    on_metrics: Callable[[Metrics], None] = lambda metrics: None


@dataclass
class _Load:
    """A load that is under way and those who wait for it."""

    listeners: list[OnProgress] = field(default_factory=list)
    task: asyncio.Task[Model] | None = None

    def report(self, progress: Progress) -> None:
        for listener in self.listeners:
            listener(progress)


class Loader:
    """Loads and remembers models over one runtime; `models` is the address of the models/ folder."""

    def __init__(self, runtime: Runtime, models: str, endpoint: str | None = None) -> None:
        self._runtime = runtime
        self._models_base = models
        self._endpoint = endpoint or DEFAULT_ENDPOINT
        self._models: dict[_Key, Model] = {}
        self._loads: dict[_Key, _Load] = {}
        self.listeners = Listeners()

    async def load(
        self,
        spec: str,
        *,
        dtype: str | None = None,
        device: str | None = None,
        endpoint: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Model:
        """The model that `spec` names; see `intab.load`."""
        location = locate(spec, self._models_base, endpoint or self._endpoint)
        key = (location.base, dtype, device)
        model = self._models.get(key)
        if model is None or model.closed:
            load = self._under_way(key) or self._begin(key, location)
            if on_progress:
                load.listeners.append(on_progress)
            assert load.task is not None
            model = await asyncio.shield(load.task)
        self.listeners.on_loaded(model)
        return model

    def _under_way(self, key: _Key) -> _Load | None:
        load = self._loads.get(key)
        # A task of an event loop that has ended (a second asyncio.run) can never finish.
        alive = load and load.task and load.task.get_loop() is asyncio.get_running_loop()
        return load if alive else None

    def _begin(self, key: _Key, location: Location) -> _Load:
        load = self._loads[key] = _Load([lambda p: self.listeners.on_progress(p)])
        load.task = asyncio.ensure_future(self._load(key, location, load))
        # Nobody may be waiting any more when it fails; asyncio must not complain of that.
        load.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return load

    async def _load(self, key: _Key, location: Location, load: _Load) -> Model:
        _, dtype, device = key
        try:
            self._models[key] = await load_model(
                location,
                self._runtime,
                dtype=dtype,
                device=device,
                on_progress=load.report,
                on_metrics=lambda metrics: self.listeners.on_metrics(metrics),
            )
            return self._models[key]
        finally:
            del self._loads[key]
