"""`SoundTask`: what the tasks share that run one graph on samples or features."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from intab.engine.io.protocols import B, OnProgress
from intab.engine.media.sound import Samples
from intab.engine.runtime.network import Network
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import ArrayTask, Parts, Pipeline, one_output
from intab.engine.tasks.batches import Row
from intab.engine.tasks.speech.features import TEXTS, read_features
from intab.engine.tasks.speech.inputs import Files, Heard, hear
from intab.engine.text.assets import Texts
from intab.errors import PromptError, UnsupportedModelError

_INPUTS = ("input_values", "input_features")
_FEEDS = (*_INPUTS, "attention_mask", "is_longer")


class SoundPipeline(Pipeline):
    """A pipeline that hears: it knows how sound is prepared, and what reads files."""

    files: Files

    def __init__(self, task: ArrayTask, networks: dict[str, Network], texts: Texts) -> None:
        super().__init__(task, networks, texts)
        self.features = read_features(texts)


class SoundTask(ArrayTask):
    """`preprocess` gets what was heard. `beside`: inputs that are not of the sound."""

    texts = TEXTS
    tokenizer = False
    beside: Sequence[str] = ()
    pipeline = SoundPipeline

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> SoundPipeline:
        """The pipeline, which is tried once."""
        pipeline = await super().open(runtime, parts, report)
        assert isinstance(pipeline, SoundPipeline)
        pipeline.files = runtime
        return pipeline

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError if it takes no sound."""
        [network] = pipeline.networks.values()
        names = [info.name for info in network.inputs]
        if not set(_INPUTS) & set(names) or set(names) - {*_FEEDS, *self.beside}:
            raise UnsupportedModelError(
                f"The graph takes {', '.join(names) or 'nothing'}, not input_values or "
                f"input_features: export the model for {self.name}."
            )

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """The logits, or the first output."""
        return one_output(pipeline, ("logits",))

    async def read(self, pipeline: Pipeline, item: Any) -> Heard:
        """A path, bytes, an array or a dict as samples."""
        assert isinstance(pipeline, SoundPipeline)
        return await hear(pipeline.files, item, pipeline.features.sampling_rate)

    def sample(self, pipeline: Pipeline) -> Heard:
        """A second of a tone."""
        assert isinstance(pipeline, SoundPipeline)
        rate = pipeline.features.sampling_rate
        return Heard(np.sin(np.arange(rate) * (2 * np.pi * 440 / rate)).astype(np.float32))

    def row(self, pipeline: Pipeline, samples: Samples, about: Any = None) -> Row:
        """The feeds of some samples; PromptError if they are too few."""
        assert isinstance(pipeline, SoundPipeline)
        [network] = pipeline.networks.values()
        least = least_samples(pipeline)
        if len(samples) < least:
            raise PromptError(
                f"The sound has {len(samples):,} samples at {pipeline.features.sampling_rate:,} a "
                f"second, and the model needs {least:,} of them: record more."
            )
        made = pipeline.features.feeds(samples)
        kinds = {i.name: i.dtype for i in network.inputs if i.name not in self.beside}
        if missing := [name for name in kinds if name not in made]:
            raise UnsupportedModelError(
                f"The graph takes {missing[0]}, and by preprocessor_config.json sound becomes "
                f"{', '.join(made)}: they do not belong together."
            )
        feeds = {name: made[name].astype(kind, copy=False) for name, kind in kinds.items()}
        return Row(feeds, len(samples), about)


def least_samples(pipeline: Pipeline) -> int:
    """The fewest samples that the first layers, convolutions, make one moment of."""
    config = pipeline.config
    kernels, strides = (config.get(name) or () for name in ("conv_kernel", "conv_stride"))
    lists = isinstance(kernels, (list, tuple)) and isinstance(strides, (list, tuple))
    pairs = list(zip(kernels, strides, strict=False)) if lists else []
    if not all(isinstance(n, int) for pair in pairs for n in pair):
        return 1
    return reduce(lambda length, pair: (length - 1) * pair[1] + pair[0], reversed(pairs), 1)
