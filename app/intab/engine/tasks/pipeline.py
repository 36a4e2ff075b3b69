"""`Pipeline`: a model that is ready for a task, as a user calls it.

    answers = await pipe(["a text", "another"], batch_size=8)
    async for answer in pipe(line for line in file):    # a generator: answers as they come
        print(answer)

It knows no task: that makes rows of inputs and answers of outputs (base.py).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intab.engine.generation.metrics import UNKNOWN, Setting
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import Arrays, Network
from intab.engine.tasks.batches import Batching, Count, Options, Row, each, is_stream, run_rows
from intab.engine.text.assets import Texts
from intab.errors import ModelClosedError

if TYPE_CHECKING:
    from intab.engine.tasks.base import ArrayTask


@dataclass(frozen=True)
class Card:
    """What a loaded model is: its name, and what was chosen and why."""

    name: str
    dtype: str
    reason: str
    setting: Setting = UNKNOWN


class Pipeline:
    """A model that is ready for a task: `name`, `dtype`, `device`, the `reason` for both."""

    def __init__(self, task: ArrayTask, networks: dict[str, Network], texts: Texts) -> None:
        self._task = task
        self.networks = networks
        self.texts = texts
        self.config = ModelConfig.of(texts.config)
        self.name = self.dtype = self.reason = ""
        self.closed = False
        self._batching: Batching | None = None

    def __repr__(self) -> str:
        return f"<intab.Pipeline {self.task} {self.name!r}, {self.dtype} on {self.device}>"

    def build(self, card: Card) -> Pipeline:
        """Take in what is to be known of it, once it is loaded.

        Returns:
            The same pipeline.
        """
        self.name, self.dtype, self.reason = card.name, card.dtype, card.reason
        return self

    @property
    def task(self) -> str:
        """Its task's name."""
        return self._task.name

    @property
    def device(self) -> str:
        """Where it runs and how."""
        devices = dict.fromkeys(network.device for network in self.networks.values())
        return ", ".join(devices) if devices else "nothing (closed)"

    @property
    def lost(self) -> bool:
        """Whether a device that it ran on is gone."""
        return any(network.lost for network in self.networks.values())

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Answer one input, or each of several; docs/pipelines.md has the options and shapes.

        Args:
            inputs: what the task takes, a list of it, or a generator or another iterator of it.
            options: the task's own, as in transformers; batch_size, how many rows run at once;
                on_progress, called with a `Progress` of the stage "run", which counts inputs.

        Returns:
            To be awaited: the answer, or a list of answers for a list. For a generator an
            asynchronous generator of answers, which takes inputs as it goes.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: an input cannot be used; ContextLengthError: it is too long.
            RunError: onnxruntime fails; ModelClosedError: the pipeline was closed.
        """
        given, left = self._task.arguments(inputs, options)
        if is_stream(given):
            return self._stream(self._task, given, left)
        return self._answer(given, left)

    async def _answer(self, inputs: Any, options: Mapping[str, Any]) -> Any:
        items, several = self._task.items(inputs, options)
        found = [answer async for answer in self._stream(self._task, items, options)]
        return self._task.shaped(inputs, found if several else found[0], options)

    async def _stream(
        self, task: ArrayTask, inputs: Any, options: Mapping[str, Any]
    ) -> AsyncGenerator[Any]:
        """The answers in order: inputs are taken until there are rows enough for some batches."""
        self._check_open()
        rest = dict(options)
        common = Options.take(rest)
        before, after = task.split(self, rest)
        count = Count(common.on_progress, len(inputs) if isinstance(inputs, list) else 0)
        waiting: list[list[Row]] = []
        async for item in each(inputs):
            self._check_open()
            read = await task.read(self, item)
            waiting.append(task.preprocess(self, read, before))
            if sum(map(len, waiting)) >= common.ahead:
                for answer in await self._compute(task, waiting, after, common.batch_size, count):
                    yield answer
                waiting = []
        for answer in await self._compute(task, waiting, after, common.batch_size, count):
            yield answer

    async def _compute(
        self,
        task: ArrayTask,
        waiting: Sequence[list[Row]],
        after: Mapping[str, Any],
        size: int,
        count: Count,
    ) -> list[Any]:
        count.begin([len(rows) for rows in waiting])
        flat = [row for rows in waiting for row in rows]

        async def run(feeds: Arrays) -> Arrays:
            self._check_open()
            return await task.run(self, feeds)

        outputs = iter(await run_rows(run, self.batching, flat, size, count.ran))
        return [
            task.postprocess(self, rows, [next(outputs) for _ in rows], after) for rows in waiting
        ]

    @property
    def batching(self) -> Batching:
        """How rows are put together."""
        if self._batching is None:
            self._batching = self._task.batching(self)
        return self._batching

    def _check_open(self) -> None:
        if self.closed:
            raise ModelClosedError(f"The model {self.name} was closed: load it again.")

    async def close(self) -> None:
        """Give the model's memory back; it cannot be used after."""
        self.closed = True
        for network in self.networks.values():
            await network.close()
        self.networks.clear()
