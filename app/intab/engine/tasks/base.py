"""`Task` is what loading asks of a task, and `ArrayTask` one whose graphs run once for each row.

Loading finds and brings what `needs` names, and opens it by `open`, which checks it too: after a
DeviceError there the next device or dtype is tried. `build` then makes what the user gets. Tasks
that derive from `ArrayTask` are three short functions: an input becomes rows, these are run in
batches (batches.py), and their outputs become the answer. What a user calls is in pipeline.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from intab.engine.hub.manifest import NEEDED
from intab.engine.hub.roles import Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress, Progress
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.network import Arrays, Network
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.batches import Batching, Row
from intab.engine.tasks.heads import check_heads
from intab.engine.tasks.pipeline import Card as Card
from intab.engine.tasks.pipeline import Pipeline as Pipeline
from intab.engine.text.assets import Texts
from intab.errors import DeviceError, OptionError, RunError

T_co = TypeVar("T_co", covariant=True)


@dataclass
class Proof:
    """What the first runs of these very bytes told of this device: in an earlier visit, and now."""

    known: bool | None = None
    found: bool | None = None


async def _settled() -> None:
    """Nothing is open."""


@dataclass
class Parts(Generic[B]):
    """What was brought: the graphs by role, the first need's first, and what the texts say.
    `settle` is awaited once networks are made, and before they run: DamagedError if what was
    stored of their weights was not right."""

    graphs: dict[str, Graph[B]]
    texts: Texts
    names: Mapping[str, str]  # what genai_config.json calls inputs and outputs
    variants: Variants
    candidate: Candidate
    proof: Proof = field(default_factory=Proof)
    settle: Callable[[], Awaitable[None]] = _settled

    def device_of(self, role: str) -> str:
        """Where a graph runs."""
        return self.variants.devices.get(role, self.candidate.device)


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
    def texts(self) -> Sequence[str]:
        """Files that it reads beside those of every model, if they are there."""

    @property
    def tokenizer(self) -> bool:
        """Whether it needs tokenizer.json; if not, it is read if it is one of `texts`."""

    @property
    def config(self) -> bool:
        """Whether it needs config.json; if not, it is read if it is there."""

    @property
    def graph(self) -> str:
        """What its graph is, in words: "a decoder of text"."""

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError if the model is for something else."""

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """DeviceError for one that cannot be right, before anything is fetched."""

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Ready[T_co]:
        """Open the graphs and check them in the task's own terms; DeviceError, with nothing left
        open, if they do not work."""


def needed_files(task: Task[Any]) -> tuple[str, ...]:
    """Those of config.json and tokenizer.json that it cannot do without."""
    wanted = dict(zip(NEEDED, (task.config, task.tokenizer), strict=True))
    return tuple(name for name in NEEDED if wanted[name])


def one_output(pipeline: Pipeline, wanted: Sequence[str]) -> list[str]:
    """The one output of a graph that counts: the first of these names that is there, else the
    first."""
    [network] = pipeline.networks.values()
    names = [info.name for info in network.outputs]
    return [next((name for name in wanted if name in names), names[0])]


class ArrayTask:
    """A Task whose graphs are Networks; `preprocess`, `run` and `postprocess` are its own.

    `does` and `graph` say in words what it does, and what its graph is. `heads`: the endings of the
    architectures that it is for, () for any. `probe` is what it is tried with once it is open.
    `token_rank`: outputs of so many dimensions are [rows, tokens, ...].
    """

    name: str
    does: str = ""
    graph: str
    needs: Sequence[Need] = (Need(("model",)),)
    texts: Sequence[str] = ()
    tokenizer: bool = True
    config: bool = True
    heads: Sequence[str] = ()
    probe: Any = "a"
    token_rank: int = 0
    pipeline: type[Pipeline] = Pipeline

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError for an architecture of another task, which is named."""
        check_heads(self.does, self.heads, config)

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """Nothing is known against any."""

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Pipeline:
        """The pipeline, which is tried once."""
        networks: dict[str, Network] = {}
        pipeline = self.pipeline(self, networks, parts.texts)
        try:
            for role in list(parts.graphs):
                graph = parts.graphs.pop(role)  # its bytes, which the network makes its own
                networks[role] = await runtime.open(graph, parts.device_of(role))
            await parts.settle()
            self.check_graph(pipeline)
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

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError if the graph's inputs or outputs do not fit."""

    def sample(self, pipeline: Pipeline) -> Any:
        """What it is tried with."""
        return self.probe

    def trial(self, pipeline: Any) -> Row:
        """The row of that."""
        return self.preprocess(pipeline, self.sample(pipeline), {})[0]

    async def self_test(self, pipeline: Pipeline) -> None:
        """DeviceError if the numbers are not finite."""
        row = self.trial(pipeline)
        outputs = await self.run(pipeline, self.batching(pipeline).collate([row]))
        if not all(np.isfinite(value).all() for value in outputs.values()):
            raise DeviceError(f"{pipeline.device} gives numbers that are not finite.")

    def arguments(
        self, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """A call's input and its options; OptionError if it is not one input."""
        if len(inputs) != 1:
            raise OptionError(f"{self.name} takes one input or a list of them, not {len(inputs)}.")
        return inputs[0], options

    def items(self, inputs: Any, options: Mapping[str, Any]) -> tuple[list[Any], bool]:
        """The inputs of a call, and whether they are several."""
        return (inputs, True) if isinstance(inputs, list) else ([inputs], False)

    def shaped(self, inputs: Any, found: Any, options: Mapping[str, Any]) -> Any:
        """The answer of a call in its last shape."""
        return found

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of preprocess and of postprocess; OptionError for any other."""
        raise NotImplementedError

    async def read(self, pipeline: Pipeline, item: Any) -> Any:
        """One input as `preprocess` takes it, where a file is to be read first."""
        return item

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """One input as rows of feeds, at least one."""
        raise NotImplementedError

    def main(self, pipeline: Pipeline) -> Network:
        """The network that its rows run in: of its first need, by whichever name it came."""
        roles = self.needs[0].roles
        return next(pipeline.networks[role] for role in roles if role in pipeline.networks)

    def batching(self, pipeline: Pipeline) -> Batching:
        """How rows are put together: without padding."""
        network = self.main(pipeline)
        return Batching(
            network.inputs, token_rank=self.token_rank, half=pipeline.dtype.endswith("16")
        )

    def outputs(self, pipeline: Pipeline) -> Sequence[str] | None:
        """The outputs that are wanted, None for all."""
        return None

    async def run(self, pipeline: Pipeline, feeds: Arrays) -> Arrays:
        """The outputs for a batch."""
        network = self.main(pipeline)
        return await network.run(feeds, self.outputs(pipeline))

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The answer for one input, of the outputs of its rows."""
        raise NotImplementedError
