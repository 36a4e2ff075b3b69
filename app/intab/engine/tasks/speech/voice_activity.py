"""voice-activity-detection: where somebody speaks, by Silero's detector.

>>> await pipe("speech.wav", return_seconds=True)
[{'start': 0.3, 'end': 2.1}, {'start': 2.6, 'end': 4.0}]

Options, their defaults and the spans are those of silero-vad's `get_speech_timestamps`; places are
samples at 16,000 a second. Windows of 512 samples go in one after another, each with the last 64 of
the one before, and the state that the graph left.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.hub.roles import Need
from intab.engine.io.protocols import B, OnProgress
from intab.engine.media.sound import Samples
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import Arrays, Network
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import ArrayTask, Parts, Pipeline
from intab.engine.tasks.batches import Row, each
from intab.engine.tasks.speech.inputs import Files, Heard, hear
from intab.engine.tasks.speech.phrases import Phrase, PhraseOptions, Windows, in_phrases
from intab.engine.tasks.speech.voice_spans import RATE, WINDOW, SpanFinder, Turns, VoiceOptions
from intab.errors import OptionError, PromptError, UnsupportedModelError

_CONTEXT = 64  # samples of the window before
_STATE = (2, 1, 128)
_INPUTS = ("input", "state", "sr")
_STREAMED = (
    *("threshold", "min_silence_duration_ms", "speech_pad_ms"),
    *("return_seconds", "time_resolution"),
)


class Detector:
    """Tells the probability of speech of windows that follow each other."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._state = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._names = [info.name for info in network.outputs]

    async def hear(self, window: Samples) -> float:
        """Of 512 samples, from 0 to 1."""
        whole = np.concatenate([self._context, window]).astype(np.float32, copy=False)
        feeds: Arrays = {"input": whole[None], "state": self._state, "sr": np.array(RATE, np.int64)}
        found = await self._network.run(feeds)
        score, self._state = (found[name] for name in self._names)
        self._context = whole[-_CONTEXT:]
        return float(score.reshape(-1)[0])


class VoicePipeline(Pipeline):
    """A pipeline that hears whether somebody speaks: in a sound, or in blocks as they come."""

    files: Files

    @property
    def detector(self) -> Detector:
        """One that has heard nothing."""
        [network] = self.networks.values()
        return Detector(network)

    def stream(
        self, blocks: Iterable[Any] | AsyncIterable[Any], **options: Any
    ) -> AsyncGenerator[dict[str, float]]:
        """Tell, as blocks of sound come, that somebody begins to speak or has ended.

        Args:
            blocks: arrays of any length at 16,000 samples a second, one after another; also from
                an asynchronous generator.
            options: threshold, min_silence_duration_ms, speech_pad_ms, return_seconds and
                time_resolution, as VADIterator of silero-vad has them.

        Yields:
            {"start"} and {"end"} in turn.

        Raises:
            OptionError, ModelClosedError: before anything is heard.
            PromptError: a block cannot be used; RunError: the runtime failed on the way.
        """
        self._check_open()
        if unknown := [name for name in options if name not in _STREAMED]:
            raise OptionError(
                f"There is no option {unknown[0]!r} of a stream, which has: {', '.join(_STREAMED)}."
            )
        return self._turns(blocks, Turns(VoiceOptions.of(options)))

    async def _turns(
        self, blocks: Iterable[Any] | AsyncIterable[Any], turns: Turns
    ) -> AsyncGenerator[dict[str, float]]:
        detector, windows = self.detector, Windows()
        async for block in each(blocks):
            for window in windows.of(block):
                self._check_open()
                if told := turns.take(await detector.hear(window)):
                    yield told

    def phrases(
        self, blocks: Iterable[Any] | AsyncIterable[Any], **options: Any
    ) -> AsyncGenerator[Phrase]:
        """Cut sound where nobody speaks, as it comes: for `stream` of a pipeline that writes it
        down.

            async for so_far in pipe.stream(voice.phrases(intab.microphone())):

        Args:
            blocks: as of `stream`.
            options: threshold (0.5), min_silence_duration_ms (600) that end a phrase,
                min_speech_duration_ms (250) that make one, speech_pad_ms (200) on both sides,
                max_speech_duration_s (28), and partial_s (1): what is being said comes as a
                partial phrase whenever so many seconds more were heard; None for whole ones alone.

        Yields:
            `Phrase`s.

        Raises:
            OptionError, ModelClosedError: before anything is heard.
            PromptError: a block cannot be used; RunError: the runtime failed on the way. What the
            blocks raise comes through, after what was being said then.
        """
        self._check_open()
        return in_phrases(blocks, self.detector, PhraseOptions.of(options))


class VoiceActivity(ArrayTask):
    """Options: those of `VoiceOptions`."""

    name = "voice-activity-detection"
    does = "hear whether somebody speaks"
    graph = "a detector of speech"
    needs: Sequence[Need] = (Need(("model",), lone=True),)
    tokenizer = False
    config = False
    pipeline = VoicePipeline

    def check(self, config: ModelConfig) -> None:
        """Any will do: the graph tells whether it is one."""

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> VoicePipeline:
        """The pipeline, which is tried once."""
        pipeline = await super().open(runtime, parts, report)
        assert isinstance(pipeline, VoicePipeline)
        pipeline.files = runtime
        return pipeline

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError unless it takes and gives what Silero's of version 5 and 6 do."""
        [network] = pipeline.networks.values()
        takes = [info.name for info in network.inputs]
        if sorted(takes) != sorted(_INPUTS) or len(network.outputs) != 2:
            raise UnsupportedModelError(
                f"The graph takes {', '.join(takes) or 'nothing'}, not {', '.join(_INPUTS)}: take "
                "Silero's detector of version 5 or later."
            )

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        return {}, {"options": VoiceOptions.of(options)}

    async def read(self, pipeline: Pipeline, item: Any) -> Heard:
        """A path, bytes, an array or a dict as samples."""
        assert isinstance(pipeline, VoicePipeline)
        return await hear(pipeline.files, item, RATE)

    def sample(self, pipeline: Pipeline) -> Heard:
        """Two windows of a tone."""
        return Heard(np.sin(np.arange(2 * WINDOW) / 6).astype(np.float32))

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """One row, of whole windows; PromptError for a sound of none."""
        length = len(item.samples)
        if not length:
            raise PromptError("The sound has no samples: record it again.")
        samples = np.pad(item.samples, (0, -length % WINDOW)).astype(np.float32, copy=False)
        return [Row({"samples": samples}, length)]

    async def run(self, pipeline: Pipeline, feeds: Arrays) -> Arrays:
        """The probabilities of each window [1, windows]."""
        assert isinstance(pipeline, VoicePipeline)
        detector = pipeline.detector
        [samples] = feeds["samples"]
        windows = samples.reshape(-1, WINDOW)
        return {"scores": np.array([[await detector.hear(window) for window in windows]])}

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, float]]:
        """{"start", "end"} of each span."""
        finder = SpanFinder(options["options"])
        for probability in outputs[0]["scores"].tolist():
            finder.take(probability)
        return finder.spans(rows[0].length)
