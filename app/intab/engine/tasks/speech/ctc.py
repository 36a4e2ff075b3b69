"""automatic-speech-recognition by models that give a token for each moment: wav2vec 2, HuBERT.

>>> await pipe("speech.wav", return_timestamps="word")
{'text': 'HELLO', 'chunks': [{'text': 'HELLO', 'timestamp': (0.5, 0.9)}]}
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from intab.engine.media.sound import Samples
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.speech.chunks import OPTIONS, Stride, cut, read_windows
from intab.engine.tasks.speech.ctc_text import Letters
from intab.engine.tasks.speech.inputs import Heard
from intab.engine.tasks.speech.live import Live, Transcribing, write_live
from intab.engine.tasks.speech.sound_task import SoundPipeline, SoundTask
from intab.engine.tasks.speech.transcription import Transcription
from intab.engine.tasks.text_task import floats, only
from intab.errors import OptionError

_OPTIONS = (*OPTIONS, "return_timestamps")
_RATIO = 320  # samples for each token, by the strides that these models have unless they say others


class CtcPipeline(Transcribing, SoundPipeline):
    """A pipeline that knows its letters; `transcript` is what the last stream wrote down."""

    _letters: Letters | None = None
    transcript: Transcription | None = None

    def _asked(self, options: dict[str, Any]) -> dict[str, Any]:
        self._check_open()
        self._task.split(self, options)
        return options

    async def _told(self, sound: Any, request: Any) -> AsyncGenerator[Transcription]:
        self.transcript, task = None, self._task
        before, after = task.split(self, request)
        heard: Heard = await task.read(self, sound)
        rows, outputs, rate = task.preprocess(self, heard, before), list[Arrays](), self.rate
        at = 0
        for number, row in enumerate(rows, 1):
            self._check_open()
            found = await task.run(self, self.batching.collate([row]))
            outputs += self.batching.split(found, [row])
            answer = task.postprocess(self, rows[:number], outputs, after)
            length, left, right = row.about[0] or (row.length, 0, 0)
            at = len(heard.samples) if number == len(rows) else at + length - left - right
            self.transcript = Transcription(
                answer["text"],
                answer.get("chunks"),
                at / rate,
                len(heard.samples) / rate,
                number < len(rows),
            )
            yield self.transcript

    async def _live(self, sound: Any, request: Any) -> AsyncGenerator[Transcription]:
        self.transcript = None

        async def write(samples: Samples) -> Mapping[str, Any]:
            found: Mapping[str, Any] = await self(samples, **request)
            return found

        async for self.transcript in write_live(sound, write, Live()):
            yield self.transcript

    @property
    def rate(self) -> int:
        """Samples a second that the model takes."""
        return self.features.sampling_rate

    @property
    def letters(self) -> Letters:
        """The model's tokens."""
        if self._letters is None:
            self._letters = Letters.of(self.texts)
        return self._letters


class CtcRecognition(SoundTask):
    """Options: return_timestamps, chunk_length_s, stride_length_s."""

    name = "automatic-speech-recognition"
    does = "write down speech"
    graph = "a model that writes down speech"
    heads = ("ForCTC",)
    pipeline = CtcPipeline

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        if options.get("return_language") is not None:
            raise OptionError("return_language is for Whisper alone: leave it out.")
        only(self.name, options, _OPTIONS)
        times = options.get("return_timestamps")
        if times not in (None, "char", "word"):
            raise OptionError(
                f'return_timestamps must be "char" or "word" for this model, not {times!r}.'
            )
        assert isinstance(pipeline, SoundPipeline)
        rate = pipeline.features.sampling_rate
        windows = read_windows(options, rate, samples_of_a_token(pipeline.config))
        return {"windows": windows}, {"return_timestamps": times}

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A row for each window."""
        assert isinstance(item, Heard)
        if windows := options.get("windows"):
            return [
                self.row(pipeline, part, (stride, item.extra))
                for part, stride in cut(item.samples, windows)
            ]
        stride = (len(item.samples), *item.stride) if item.stride else None
        return [self.row(pipeline, item.samples, (stride, item.extra))]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The text, and the times if they are asked for."""
        assert isinstance(pipeline, CtcPipeline)
        ratio, letters = samples_of_a_token(pipeline.config), pipeline.letters
        ids = np.concatenate(
            [
                inside(floats(output).argmax(-1), row.about[0], ratio)
                for row, output in zip(rows, outputs, strict=True)
            ]
        )
        found = letters.letters(ids.tolist())
        answer: dict[str, Any] = {"text": letters.text(found)}
        if kind := options.get("return_timestamps"):
            second = pipeline.features.sampling_rate
            timed = letters.words(found) if kind == "word" else found
            answer["chunks"] = [
                {
                    "text": one.text,
                    "timestamp": (one.start * ratio / second, one.end * ratio / second),
                }
                for one in timed
            ]
        return answer | {name: [r.about[1][name] for r in rows] for name in rows[0].about[1]}


def samples_of_a_token(config: ModelConfig) -> int:
    """How many samples one token stands for."""
    strides = config.get("conv_stride")
    known = isinstance(strides, (list, tuple)) and all(isinstance(n, int) for n in strides)
    return prod(strides) if known and strides else _RATIO


def inside(ids: Any, stride: Stride | None, ratio: int) -> Any:
    """The ids of a window without those of its context, rounded as transformers does."""
    if stride is None:
        return ids
    length, left, right = stride
    tokens = round(length * (1 / ratio))
    start, rest = (round(side / length * tokens) for side in (left, right))
    return ids[start : tokens - rest]
