"""text-to-audio: a text is spoken, as transformers' pipeline does it with VITS.

>>> spoken = await pipe("hello there")
>>> spoken["audio"].shape, spoken["sampling_rate"]
((24064,), 16000)

Each text is a run of its own: rows of a batch would be as long as the longest, and end in what the
model makes of padding. What else the graph takes is numbers: a speaker, a rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.io.protocols import B, OnProgress
from intab.engine.io.untrusted import number, whole
from intab.engine.media.resampling import MOST
from intab.engine.runtime.network import Arrays, TensorInfo
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import ArrayTask, Parts, Pipeline, one_output
from intab.engine.tasks.batches import Batching, Row
from intab.engine.tasks.text_inputs import check_text
from intab.engine.tasks.text_task import only
from intab.engine.text.vits import Characters
from intab.engine.text.vocabulary import VOCABULARY
from intab.errors import ManifestError, OptionError, PromptError, UnsupportedModelError

_OPTIONS = ("forward_params", "preprocess_params", "generate_kwargs")
_TEXT = ("input_ids", "attention_mask")
_SPEAKER = "speaker_id"
_LEAST = {"speaking_rate": 0.01}  # a sound grows as it becomes less
_RATE = 16000  # VitsConfig's, if config.json names none
_PROBE = 8  # ids


class SpeakingPipeline(Pipeline):
    """A pipeline that speaks: it knows the characters of its model, and its rate."""

    letters: Characters
    sampling_rate: int

    @property
    def numbers(self) -> list[TensorInfo]:
        """What the graph takes besides a text."""
        [network] = self.networks.values()
        return [info for info in network.inputs if info.name not in _TEXT]


class TextToAudio(ArrayTask):
    """Options: forward_params, preprocess_params."""

    name = "text-to-audio"
    does = "speak"
    graph = "a model that speaks"
    heads = ("VitsModel",)
    texts = (VOCABULARY, "tokenizer.json")
    tokenizer = False
    pipeline = SpeakingPipeline

    async def open(
        self, runtime: Runtime[B], parts: Parts[B], report: OnProgress
    ) -> SpeakingPipeline:
        """The pipeline, which is tried once."""
        letters, rate = Characters.of(parts.texts), rate_of(parts.texts.config)
        pipeline = await super().open(runtime, parts, report)
        assert isinstance(pipeline, SpeakingPipeline)
        pipeline.letters, pipeline.sampling_rate = letters, rate
        return pipeline

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError if it takes more than a text and numbers."""
        [network] = pipeline.networks.values()
        names = [info.name for info in network.inputs]
        assert isinstance(pipeline, SpeakingPipeline)
        if _TEXT[0] not in names or any(len(info.shape) > 1 for info in pipeline.numbers):
            raise UnsupportedModelError(
                f"The graph takes {', '.join(map(str, network.inputs)) or 'nothing'}, not "
                "input_ids alone or with numbers such as speaker_id: export a VitsModel for "
                f"{self.name}."
            )

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """The waveform, or the first output."""
        return one_output(pipeline, ("waveform",))

    def batching(self, pipeline: Pipeline) -> Batching:
        """One row at a time."""
        return Batching(self.main(pipeline).inputs, agree=False)

    async def run(self, pipeline: Pipeline, feeds: Arrays) -> Arrays:
        """The samples of a text; a number has no axis of rows if the graph wants none."""
        assert isinstance(pipeline, SpeakingPipeline)
        single = [info.name for info in pipeline.numbers if not info.shape]
        return await super().run(pipeline, {**feeds, **{n: feeds[n].reshape(()) for n in single}})

    def trial(self, pipeline: Any) -> Row:
        """Some characters, by the first speaker."""
        known = pipeline.texts.tokenizer.learnt
        ids = [place % known for place in range(_PROBE)]
        unsaid = [info for info in pipeline.numbers if pipeline.config.get(info.name) is None]
        first = {info.name: int(info.dtype.startswith("float")) for info in unsaid}
        return row(pipeline, ids, numbers_of(pipeline, first))

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or cannot be."""
        assert isinstance(pipeline, SpeakingPipeline)
        only(self.name, options, _OPTIONS)
        passed = {name: _dict(options, name) for name in _OPTIONS}
        if passed["generate_kwargs"]:
            raise OptionError(
                "generate_kwargs is for models that generate; this one takes forward_params."
            )
        before = passed["preprocess_params"]
        only("preprocess_params", before, ("normalize",))
        normalize = before.get("normalize")
        if normalize is not None and not isinstance(normalize, bool):
            raise OptionError(f"normalize must be True or False, not {normalize!r}.")
        numbers = numbers_of(pipeline, passed["forward_params"])
        return {"normalize": normalize, "numbers": numbers}, {}

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A text as one row."""
        assert isinstance(pipeline, SpeakingPipeline)
        ids = pipeline.letters.encode(check_text(item), options["normalize"])
        size = pipeline.config.get("vocab_size")
        if isinstance(size, int) and max(ids) >= size:
            raise PromptError(
                f"The text has characters that the model has no sound for ({item[:60]!r}): leave "
                "normalize=False out, which keeps them."
            )
        return [row(pipeline, ids, options["numbers"])]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The samples, without axes of one, and their rate."""
        assert isinstance(pipeline, SpeakingPipeline)
        [[waveform]] = [output.values() for output in outputs]
        audio = np.squeeze(waveform.astype(np.float32, copy=False))
        return {"audio": audio, "sampling_rate": pipeline.sampling_rate}


def row(pipeline: SpeakingPipeline, ids: Sequence[int], numbers: Arrays) -> Row:
    """The feeds of a text."""
    [network] = pipeline.networks.values()
    text = {_TEXT[0]: list(ids), _TEXT[1]: [1] * len(ids)}
    feeds = {i.name: np.array(text[i.name], i.dtype) for i in network.inputs if i.name in text}
    return Row({**feeds, **numbers}, len(ids))


def numbers_of(pipeline: SpeakingPipeline, passed: Mapping[str, Any]) -> Arrays:
    """What the graph takes besides a text: what was passed, else what config.json says;
    OptionError."""
    taken = {info.name: info for info in pipeline.numbers}
    for name in passed:
        if name not in taken:
            raise OptionError(
                f"The model's graph takes no {name}: leave it out of forward_params, or export the "
                f"model with such an input. It takes: {', '.join(taken) or 'a text alone'}."
            )
    return {name: _number(pipeline, info, passed.get(name)) for name, info in taken.items()}


def _number(pipeline: SpeakingPipeline, info: TensorInfo, passed: Any) -> np.ndarray[Any, Any]:
    value = pipeline.config.get(info.name) if passed is None else passed
    count = pipeline.config.get("num_speakers")
    speakers = count if isinstance(count, int) and info.name == _SPEAKER else 2**31
    try:
        if info.dtype.startswith("float"):
            return np.array(number(value, _LEAST.get(info.name, -1e9), 1e9), info.dtype)
        return np.array(whole(value, 0, speakers - 1), info.dtype)
    except ValueError as exc:
        told = f'forward_params={{"{info.name}": ...}}'
        raise OptionError(f"{info.name} {exc}: pass it as {told}.") from exc


def rate_of(config: Mapping[str, Any]) -> int:
    """Samples a second, by config.json; ManifestError if that is no rate."""
    told = config.get("sampling_rate") or config.get("sample_rate") or _RATE
    try:
        return whole(told, 1, MOST)
    except ValueError as exc:
        raise ManifestError(f"config.json is not valid: sampling_rate {exc}.") from exc


def _dict(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = options.get(name) or {}
    if not isinstance(value, Mapping):
        raise OptionError(f"{name} must be a dict of options by name, not {value!r}.")
    return dict(value)
