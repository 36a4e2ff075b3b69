"""automatic-speech-recognition by Moonshine, whose encoder takes the samples themselves.

>>> await pipe("speech.wav")
{'text': 'Hello.'}

It knows no times. A sound of any length goes in at once, or in windows that do not overlap:
transformers would write what two windows share twice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from intab.engine.media.sound import Samples
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.sequence_model import SequenceModel
from intab.engine.tasks.speech.chunks import OPTIONS, Windows, cut, read_windows
from intab.engine.tasks.speech.features import Values
from intab.engine.tasks.speech.inputs import Files, Heard, hear
from intab.engine.tasks.speech.transcription import Transcription
from intab.engine.tasks.speech.writing import WritingPipeline, with_kwargs
from intab.errors import OptionError, PromptError

_LEAST = 895  # samples of which its three convolutions make one place


def feeds(features: Values, samples: Samples) -> Arrays:
    """What the encoder takes of one sound: [1, samples]."""
    return {name: value[None] for name, value in features.feeds(samples).items()}


def probe(features: Values) -> Arrays:
    """The feeds of a sound to try the model with."""
    return feeds(features, np.sin(np.arange(4000) / 6).astype(np.float32))


@dataclass(frozen=True)
class Request:
    """A call's options, checked."""

    windows: Windows | None
    options: Mapping[str, Any]


class Written:
    """What was written of one sound."""

    def __init__(self, sound: Heard, rate: int) -> None:
        self._extra, self._parts = sound.extra, 0
        self.text, self.heard, self.seconds = "", 0.0, len(sound.samples) / rate

    def take(self, text: str, heard: float) -> None:
        """The text of all windows so far, of which the last ends after so many seconds."""
        self.text, self.heard, self._parts = text, heard, self._parts + 1

    def answer(self) -> dict[str, Any]:
        """As a call has it."""
        extra = {name: [value] * self._parts for name, value in self._extra.items()}
        return {"text": self.text, **extra}

    @property
    def told(self) -> Transcription:
        """As a stream has it."""
        partial = not self._parts or self.heard < self.seconds
        return Transcription(self.text, None, self.heard, self.seconds, partial)


class MoonshinePipeline(WritingPipeline):
    """A pipeline that writes down speech."""

    def __init__(self, name: str, model: SequenceModel, features: Values, files: Files) -> None:
        super().__init__(name, model, files)
        self._features = features

    @property
    def rate(self) -> int:
        """Samples a second that the model takes."""
        return self._features.sampling_rate

    def request(self, options: dict[str, Any]) -> Request:
        """A call's options; OptionError."""
        options = with_kwargs(options)
        if options.pop("return_language", None) is not None:
            raise OptionError("return_language is for Whisper alone: leave it out.")
        if options.pop("return_timestamps", None):
            raise OptionError("This model writes no times: leave return_timestamps out.")
        given = {name: options.pop(name) for name in OPTIONS if name in options}
        windows = read_windows(given, self.rate)
        if windows and (windows.left or windows.right):
            raise OptionError(
                "Windows of this model are not joined where they overlap: pass stride_length_s=0."
            )
        chosen = self.generating(options)
        if chosen.get("max_new_tokens") is not None:  # which the model's max_length gives way to
            chosen.pop("max_length", None)
        return Request(windows, chosen)

    async def listen(self, item: Any, request: Request) -> AsyncGenerator[Written]:
        """What was written so far, after each window."""
        rate = self.rate
        heard = await hear(self.reads, item, rate)
        if heard.stride:
            raise PromptError("stride is for models of letters and Whisper: leave it out.")
        written = self.so_far = Written(heard, rate)
        ids: list[int] = []
        parts = _parts(heard.samples, request.windows)
        for number, samples in enumerate(parts, 1):
            self.check_open()
            ids += await self._ids(samples, request)
            text = self.texts.tokenizer.decode(ids, skip_special_tokens=True)
            last = number == len(parts)
            written.take(text, written.seconds if last else written.heard + len(samples) / rate)
            yield written

    async def _ids(self, samples: Samples, request: Request) -> Sequence[int]:
        if len(samples) < _LEAST:
            raise PromptError(
                f"The sound has {len(samples):,} samples at {self.rate:,} a second, and the model "
                f"needs {_LEAST:,} of them: record more."
            )
        model = self.model
        options = model.options(request.options, {}, 1)
        source = await model.reader.encode(feeds(self._features, samples))
        [[answer]] = await model.answers([source], [[model.start]], options)
        return answer.ids


def _parts(samples: Samples, windows: Windows | None) -> list[Samples]:
    """The windows, of which the last is long enough; all of it without any."""
    parts = [part for part, _ in cut(samples, windows)] if windows else [samples]
    return [part for at, part in enumerate(parts) if not at or len(part) >= _LEAST]
