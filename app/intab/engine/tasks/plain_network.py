"""`intab.network`: any ONNX graph, fed named arrays, giving named arrays, whatever it is for.

>>> network = await intab.network("./digits.onnx")
>>> found = await network.run({"pixels": pixels})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from intab.engine.hub.roles import DECODERS, Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.network import Arrays, Network, TensorInfo
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Card, Parts
from intab.engine.text.assets import Texts
from intab.errors import ModelClosedError, OptionError, RunError

# Texts with a label in each line, by the names that zoos give them; the first that is there.
LABELS = ("labels.txt", "classes.txt", "synset.txt", "imagenet_labels.txt", "coco_classes.txt")


class LoadedNetwork:
    """A graph that is ready to run: `name`, `dtype` by its file's name, `device`, the `reason` for
    both; `labels`, a text for each of its answers, from labels.txt or another such file beside it,
    or from config.json, [] if there is none."""

    def __init__(self, network: Network, labels: Sequence[str] = ()) -> None:
        self._network = network
        self.labels = list(labels)
        self.name = self.dtype = self.reason = ""
        self.closed = False

    def __repr__(self) -> str:
        takes, gives = (", ".join(map(str, some)) for some in (self.inputs, self.outputs))
        return f"<intab.LoadedNetwork {self.name!r}: {takes} -> {gives}, on {self.device}>"

    def build(self, card: Card) -> LoadedNetwork:
        """Take in what is to be known of it, once it is loaded.

        Returns:
            The same network.
        """
        self.name, self.dtype, self.reason = card.name, card.dtype, card.reason
        return self

    @property
    def inputs(self) -> Sequence[TensorInfo]:
        """What it takes: `name`, `dtype` and `shape` of each, None for a size that is free."""
        return self._network.inputs

    @property
    def outputs(self) -> Sequence[TensorInfo]:
        """What it gives, likewise."""
        return self._network.outputs

    @property
    def device(self) -> str:
        """Where it runs and how."""
        return "nothing (closed)" if self.closed else self._network.device

    @property
    def lost(self) -> bool:
        """Whether the device that it ran on is gone."""
        return self._network.lost

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        """Run it once.

        Args:
            feeds: a numpy array for each input, of its dtype and shape.
            outputs: the names of the outputs that are wanted; left out, all of them.

        Returns:
            An array for each output, by its name.

        Raises:
            RunError: an input is missing, unknown, or of another dtype or shape; there is no such
                output; onnxruntime fails.
            OptionError: `feeds` is no dict; ModelClosedError: the network was closed.
        """
        if self.closed:
            raise ModelClosedError(f"The network {self.name} was closed: load it again.")
        if not isinstance(feeds, Mapping):
            raise OptionError(
                f"feeds must be a dict of arrays by name, not {type(feeds).__name__}: "
                f"{{{self.inputs[0].name!r}: ...}}."
                if self.inputs
                else "feeds must be a dict: {}."
            )
        if isinstance(outputs, str):
            raise RunError(f"outputs must be a list of names: [{outputs!r}].")
        return await self._network.run(feeds, outputs)

    async def close(self) -> None:
        """Give its memory back; it cannot be used after."""
        self.closed = True
        await self._network.close()


class PlainNetwork:
    """A Task that knows nothing of its graph."""

    name = "network"
    graph = "a network"
    needs: Sequence[Need] = (Need(DECODERS, lone=True),)
    texts: Sequence[str] = LABELS
    tokenizer = False
    config = False

    def check(self, config: ModelConfig) -> None:
        """Any will do."""

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """Nothing is known against any."""

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> LoadedNetwork:
        """The network; it is not tried, since nobody knows with what."""
        graph = parts.graphs.popitem()[1]
        network = await runtime.open(graph, parts.candidate.device)
        try:
            await parts.settle()
        except BaseException:
            await network.close()
            raise
        return LoadedNetwork(network, labels_of(parts.texts))


def labels_of(texts: Texts) -> list[str]:
    """The labels that a file beside the graph has, a line each, else those of config.json."""
    found = next((texts.more[name] for name in LABELS if name in texts.more), "")
    if found:
        return [line.strip() for line in found.strip().splitlines()]
    names = texts.config.get("label_names")  # as timm has them
    if isinstance(names, list):
        return [str(name) for name in names]
    config = ModelConfig.of(texts.config)
    known = config.id2label if config.get("id2label") else {}
    return [known.get(number, f"LABEL_{number}") for number in range(max(known, default=-1) + 1)]


PLAIN_NETWORK = PlainNetwork()
