"""Loads models by name and remembers them: the same name twice is the same model.

A page's program runs again and again; its `await intab.load("default")` must cost nothing the
second time. A load that is under way is joined, a failed one is forgotten, a closed model is loaded
anew. Cancelling one who waits does not cancel the load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from intab.engine.download import OnProgress, Progress
from intab.engine.load import Runtime, load_model
from intab.engine.locate import DEFAULT_ENDPOINT, Location, locate
from intab.engine.metrics import Metrics
from intab.engine.model import Model
from intab.engine.tasks import keep

_Key = tuple[str, str | None, str | None]


def _ignore(_: object) -> None:
    """The listener of those who have none."""


@dataclass
class Listeners:
    """Who is told of every load and every generation, e.g. a page's status line."""

    on_progress: Callable[[Progress], None] = _ignore
    on_loaded: Callable[[Model], None] = _ignore
    on_metrics: Callable[[Metrics], None] = _ignore


@dataclass
class _Load:
    """A load that is under way and those who hear of it."""

    listeners: list[OnProgress]
    task: asyncio.Task[Model]


class Loader:
    """Loads and remembers models over one runtime; `models` is the models/ folder's address."""

    def __init__(self, runtime: Runtime[Any], models: str, endpoint: str | None = None) -> None:
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
            model = await asyncio.shield(load.task)
        self.listeners.on_loaded(model)
        return model

    def _under_way(self, key: _Key) -> _Load | None:
        load = self._loads.get(key)
        # A task of an event loop that has ended (a second asyncio.run) can never finish.
        alive = load and load.task.get_loop() is asyncio.get_running_loop()
        return load if alive else None

    def _begin(self, key: _Key, location: Location) -> _Load:
        listeners: list[OnProgress] = [lambda progress: self.listeners.on_progress(progress)]
        task = keep(self._load(key, location, listeners), f"load {location.name}")
        # Nobody may be waiting any more when it fails; asyncio must not complain of that.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._loads[key] = _Load(listeners, task)
        return self._loads[key]

    async def _load(self, key: _Key, location: Location, listeners: list[OnProgress]) -> Model:
        def report(progress: Progress) -> None:
            for listener in listeners:
                listener(progress)

        _, dtype, device = key
        try:
            self._models[key] = await load_model(
                location,
                self._runtime,
                dtype=dtype,
                device=device,
                on_progress=report,
                on_metrics=lambda metrics: self.listeners.on_metrics(metrics),
            )
            return self._models[key]
        finally:
            del self._loads[key]
