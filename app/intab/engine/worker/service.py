"""The worker's brain: requests in, events out, one program at a time.

It knows neither a browser nor a page: it is given a function that posts a text and a `Loader`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields

from intab.engine.display import asking
from intab.engine.generation.metrics import Metrics
from intab.engine.io.protocols import Notice, Progress
from intab.engine.io.tasks import start_lasting
from intab.engine.loading.loader import Listeners, Loader
from intab.engine.model import Model
from intab.engine.worker.code import syntax_problems
from intab.engine.worker.messages import (
    Answer,
    Check,
    Checked,
    Control,
    Event,
    Finished,
    Loaded,
    Loading,
    Manage,
    Managing,
    Measured,
    Noticed,
    Output,
    Preload,
    Preloaded,
    Run,
    Stop,
    Stored,
    Token,
    decode,
    encode,
)
from intab.engine.worker.page_screen import PageScreen, Wire
from intab.engine.worker.program import describe, run_program
from intab.engine.worker.storage_panel import StoragePanel


class Service:
    """Answers a page's requests; `post` sends one JSON text to the page.

    `before_run` is called before each program, to mend what the last one may have broken, and
    `provide` with its source, to load what it imports; `wire` has more ways to the page.
    """

    def __init__(
        self,
        loader: Loader,
        post: Callable[[str], None],
        before_run: Callable[[], object] = lambda: None,
        wire: Wire | None = None,
        provide: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._post_text = post
        self._before_run = before_run
        self._provide = provide
        self._loader = loader
        self._running: tuple[int, asyncio.Task[Finished]] | None = None
        self._preloading: asyncio.Task[None] | None = None
        self._screen = PageScreen(wire or Wire(post, lambda text, _: post(text)))
        self._manager = StoragePanel(loader)
        self._managing: set[asyncio.Task[None]] = set()
        loader.listeners = Listeners(
            self._on_progress, self._on_loaded, self._on_metrics, self._on_notice
        )

    def handle(self, text: str) -> None:
        """Act on one request; returns at once."""
        request = decode(text)
        match request:
            case Run():
                self._start_run(request)
            case Stop():
                self._stop(request.run)
            case Answer():
                self._screen.answer(request.run, request.text)
            case Control():
                asking.change(request.name, request.value)
            case Check():
                self._post(Checked(request.number, syntax_problems(request.source)))
            case Preload():
                self._preloading = start_lasting(self._preload(request.model), "preload")
            case Token():
                self._loader.token = request.token
            case Manage():
                task = start_lasting(self._manage(request), "manage")
                self._managing.add(task)
                task.add_done_callback(self._managing.discard)

    def _post(self, event: Event) -> None:
        self._post_text(encode(event))

    def _start_run(self, request: Run) -> None:
        if self._running:
            message = "A program is already running: stop it first."
            self._post(Finished(request.run, "error", "RuntimeError", message, message))
            return
        task = asyncio.ensure_future(self._run(request))
        # In a callback, since a task that is cancelled before it began runs no line of its own.
        task.add_done_callback(lambda task: self._finish(request.run, task))
        self._running = (request.run, task)

    def _stop(self, run: int) -> None:
        if self._running and self._running[0] == run:
            self._running[1].cancel()

    async def _run(self, request: Run) -> Finished:
        run = request.run
        self._before_run()
        if self._provide:
            await self._provide(request.source)
        try:
            failure = await run_program(
                request.source,
                lambda text: self._post(Output(run, text, "stdout")),
                lambda text: self._post(Output(run, text, "stderr")),
                self._screen.of(run),
                names={"MODEL": request.model},
            )
        except KeyboardInterrupt:  # would end the event loop
            return Finished(run, "stopped")
        return Finished(run, "error", **asdict(failure)) if failure else Finished(run, "done")

    def _finish(self, run: int, task: asyncio.Task[Finished]) -> None:
        self._running = None
        if task.cancelled():
            finished = Finished(run, "stopped")
        elif exc := task.exception():
            finished = Finished(run, "error", **asdict(describe(exc)))
        else:
            finished = task.result()
        self._post(finished)

    async def _preload(self, model: str) -> None:
        try:
            await self._loader.load(model)
        except Exception as exc:  # noqa: BLE001 - the page must hear of it, whatever it is
            self._post(Preloaded(f"{type(exc).__name__}: {exc}"))
        else:
            self._post(Preloaded())

    async def _manage(self, request: Manage) -> None:
        try:
            self._post(await self._manager.act(request, self._on_managing))
        except Exception as exc:  # noqa: BLE001 - the panel waits for an answer, whatever it is
            self._post(Stored(error=f"{type(exc).__name__}: {exc}"))

    def _on_managing(self, progress: Progress) -> None:
        facts = asdict(progress)
        self._post(Managing(**{field.name: facts[field.name] for field in fields(Managing)}))

    def _on_progress(self, progress: Progress) -> None:
        self._post(Loading(**asdict(progress)))

    def _on_notice(self, notice: Notice) -> None:
        self._post(Noticed(notice.kind, notice.text))

    def _on_loaded(self, model: Model) -> None:
        self._post(Loaded(model.name, model.dtype, model.device, model.reason))

    def _on_metrics(self, metrics: Metrics) -> None:
        self._post(Measured(**asdict(metrics)))
