"""What pipelines over an encoder-decoder share: inputs in batches, options, closing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from intab.engine.io.protocols import Progress
from intab.engine.tasks.batches import Options, each, is_stream
from intab.engine.tasks.pipeline import Card, Pipeline
from intab.engine.tasks.sequence_model import SequenceModel
from intab.errors import ModelClosedError, OptionError


class SequencePipeline(Pipeline):
    """A pipeline whose `model` writes answers."""

    def __init__(self, name: str, model: SequenceModel) -> None:
        self._name, self.model = name, model
        self.networks = {}
        self.texts, self.config = model.texts, model.config
        self.name = self.dtype = self.reason = ""
        self.closed = False

    def build(self, card: Card) -> SequencePipeline:
        """Take in what is to be known of it, once it is loaded.

        Returns:
            The same pipeline.
        """
        super().build(card)
        self.model.setting = card.setting
        return self

    @property
    def task(self) -> str:
        """Its task's name."""
        return self._name

    @property
    def device(self) -> str:
        """Where it runs and how."""
        return "nothing (closed)" if self.closed else self.model.reader.device

    @property
    def lost(self) -> bool:
        """Whether a device that it ran on is gone."""
        return self.model.reader.lost

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Answer one input, or each of several; docs/pipelines.md has the options and shapes.

        Args:
            inputs: what the task takes, a list of it, or a generator of it.
            options: the task's own, as in transformers, and those of `Model.generate`; batch_size
                and on_progress.

        Returns:
            To be awaited: the answer, or a list of answers for a list. For a generator an
            asynchronous generator.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: an input cannot be used; ContextLengthError: it is too long.
            RunError: onnxruntime fails; ModelClosedError: the pipeline was closed.
        """
        if len(inputs) != 1:
            raise OptionError(f"{self.task} takes one input or a list of them, not {len(inputs)}.")
        [given] = inputs
        return self._several(given, options) if is_stream(given) else self._whole(given, options)

    async def _whole(self, given: Any, options: Mapping[str, Any]) -> Any:
        several = isinstance(given, list)
        items = given if several else [given]
        found = [one async for one in self._several(items, options)]
        return self.shaped(found) if several else found[0]

    def shaped(self, found: list[Any]) -> Any:
        """The answer to a list in its last shape."""
        return found

    async def _several(self, given: Any, options: Mapping[str, Any]) -> AsyncGenerator[Any]:
        """The answers in order, so many inputs at a time as a batch has."""
        self.check_open()
        rest = dict(options)
        common = Options.take(rest)
        request = self.request(rest)
        total, done = len(given) if isinstance(given, list) else 0, 0
        waiting: list[Any] = []
        async for item in each(given):
            waiting.append(item)
            if len(waiting) == common.batch_size:
                for answer in await self.batch(waiting, request):
                    done += 1
                    yield answer
                waiting = []
                common.on_progress(Progress("run", loaded=done, total=total))
        if waiting:
            for answer in await self.batch(waiting, request):
                yield answer
            common.on_progress(Progress("run", loaded=done + len(waiting), total=total))

    def request(self, options: dict[str, Any]) -> Any:
        """A call's options, checked; OptionError."""
        raise NotImplementedError

    async def batch(self, items: Sequence[Any], request: Any) -> list[Any]:
        """The answers to some inputs."""
        raise NotImplementedError

    def check_open(self) -> None:
        """ModelClosedError after `close`."""
        if self.closed:
            raise ModelClosedError(f"The model {self.name} was closed: load it again.")

    async def close(self) -> None:
        """Give the model's memory back; it cannot be used after."""
        if not self.closed:
            self.closed = True
            await self.model.reader.close()
