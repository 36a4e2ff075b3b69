"""`Task` is what loading asks of a task; `Pipeline` is what a user calls.

Loading finds and brings what `needs` names, and opens it by `open`, which checks it too: after a
DeviceError there the next device or dtype is tried. `build` then makes what the user gets. Tasks
whose graphs run once for an input derive from `ArrayTask` and are three short functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from intab.engine.generation.metrics import UNKNOWN, Setting
from intab.engine.hub.roles import Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress, Progress
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.network import Arrays, Network
from intab.engine.runtime.protocols import Runtime
from intab.engine.text.assets import Texts
from intab.errors import DeviceError, ModelClosedError, RunError

T_co = TypeVar("T_co", covariant=True)


@dataclass
class Parts(Generic[B]):
    """What was brought: the graphs by role, the first need's first, and what the texts say."""

    graphs: dict[str, Graph[B]]
    texts: Texts
    names: Mapping[str, str]  # what genai_config.json calls inputs and outputs
    variants: Variants
    candidate: Candidate

    def device_of(self, role: str) -> str:
        """Where a graph runs."""
        return self.variants.devices.get(role, self.candidate.device)


@dataclass(frozen=True)
class Card:
    """What a loaded model is: its name, and what was chosen and why."""

    name: str
    dtype: str
    reason: str
    setting: Setting = UNKNOWN


class Ready(Protocol[T_co]):
    """A model that is open and checked; `build` may be called once."""

    def build(self, card: Card) -> T_co:
        """What the user gets."""


class Task(Protocol[T_co]):
    """What a task needs, and how it makes something of that."""

    @property
    def name(self) -> str:
        """As in transformers, e.g. "text-classification"."""

    @property
    def needs(self) -> Sequence[Need]:
        """The graphs."""

    @property
    def graph(self) -> str:
        """What its graph is, in words: "a decoder of text"."""

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError where the model is for something else."""

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """DeviceError for one that cannot be right, before anything is fetched."""

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Ready[T_co]:
        """Open the graphs and check them in the task's own terms; DeviceError, with nothing left
        open, where they do not work."""


class ArrayTask:
    """A Task whose graphs are Networks; `preprocess`, `run` and `postprocess` are its own.

    `probe` is what it is tried with once it is open.
    """

    name: str
    graph: str
    needs: Sequence[Need] = (Need(("model",)),)
    probe: Any = "a"

    def check(self, config: ModelConfig) -> None:
        """Any model will do."""

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """Nothing is known against any."""

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Pipeline:
        """The pipeline, which is tried once."""
        networks: dict[str, Network] = {}
        pipeline = Pipeline(self, networks, parts.texts)
        try:
            for role in list(parts.graphs):
                graph = parts.graphs.pop(role)  # its bytes, which the network makes its own
                networks[role] = await runtime.open(graph, parts.device_of(role))
            report(Progress("warm up"))
            await self.self_test(pipeline)
        except RunError as exc:
            await pipeline.close()
            raise DeviceError(
                f"The model loads but does not run on {parts.candidate.device} ({exc}): "
                "choose another dtype or device."
            ) from exc
        except BaseException:
            await pipeline.close()
            raise
        return pipeline

    async def self_test(self, pipeline: Pipeline) -> None:
        """DeviceError where the numbers are not finite."""
        outputs = await self.run(pipeline, self.preprocess(pipeline, self.probe, {}))
        if not all(np.isfinite(value).all() for value in outputs.values()):
            raise DeviceError(f"{pipeline.device} gives numbers that are not finite.")

    def split(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of preprocess and of postprocess; OptionError for any other."""
        raise NotImplementedError

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> Arrays:
        """Feeds of one input."""
        raise NotImplementedError

    async def run(self, pipeline: Pipeline, feeds: Arrays) -> Arrays:
        """The outputs."""
        return await pipeline.networks[self.needs[0].roles[0]].run(feeds)

    def postprocess(self, pipeline: Pipeline, outputs: Arrays, options: Mapping[str, Any]) -> Any:
        """The answer for one input."""
        raise NotImplementedError

    async def answer(self, pipeline: Pipeline, inputs: Any, options: Mapping[str, Any]) -> Any:
        """One answer, or a list of them for a list."""
        before, after = self.split(options)
        items = inputs if isinstance(inputs, list) else [inputs]
        feeds = [self.preprocess(pipeline, item, before) for item in items]
        found = [
            self.postprocess(pipeline, await self.run(pipeline, each), after) for each in feeds
        ]
        return found if isinstance(inputs, list) else found[0]


class Pipeline:
    """A model that is ready for a task: `name`, `dtype`, `device`, the `reason` for both."""

    def __init__(self, task: ArrayTask, networks: dict[str, Network], texts: Texts) -> None:
        self._task = task
        self.networks = networks
        self.texts = texts
        self.config = ModelConfig(texts.config)
        self.name = self.dtype = self.reason = ""
        self.closed = False

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

    async def __call__(self, inputs: Any, **options: Any) -> Any:
        """Answer one input, or each of a list; docs/pipelines.md has the options and shapes.

        Args:
            inputs: what the task takes, or a list of it.
            options: the task's own, as in transformers.

        Returns:
            The answer, or a list of answers for a list.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: an input cannot be used; ContextLengthError: it is too long.
            RunError: onnxruntime fails; ModelClosedError: the pipeline was closed.
        """
        if self.closed:
            raise ModelClosedError(f"The model {self.name} was closed: load it again.")
        return await self._task.answer(self, inputs, options)

    async def close(self) -> None:
        """Give the model's memory back; it cannot be used after."""
        self.closed = True
        for network in self.networks.values():
            await network.close()
        self.networks.clear()
